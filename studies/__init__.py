"""The published experiments, composed from the stages."""

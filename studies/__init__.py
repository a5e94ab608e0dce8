"""The published experiments, which combine the stages."""

"""Export versions to files that other programs can read."""

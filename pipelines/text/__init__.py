"""Read text, and split it into sentences and words."""

"""Read texts, and split them into sentences and words."""

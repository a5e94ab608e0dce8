"""Training: a version in, an adapter and its outputs out."""

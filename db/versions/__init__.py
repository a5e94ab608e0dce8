"""Frozen versions of a dataset: freezing, reading, comparing and verifying them."""

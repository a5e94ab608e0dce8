"""A version in, an adapter and its outputs out."""

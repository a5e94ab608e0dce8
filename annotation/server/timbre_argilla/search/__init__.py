"""A search engine for Argilla that reads Argilla's own tables."""

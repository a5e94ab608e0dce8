"""A search engine for Argilla over Argilla's own tables."""

"""Wikitext converted to plain prose."""

"""Convert wikitext to plain prose."""

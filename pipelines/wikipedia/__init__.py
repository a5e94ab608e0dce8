"""Read Wikipedia articles from dumps and the live API, and convert wikitext."""

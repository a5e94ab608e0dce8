"""Wikipedia as a source: dumps, the live API and wikitext."""

"""Records out to people, reviews back, and how far people agree."""

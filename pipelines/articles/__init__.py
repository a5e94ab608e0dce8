"""Articles: every kind of source, and the articles and passages read from it."""

"""Wikipedia in: sources of articles, their plain text, and passages cut from it."""

"""Pure measures of text and of agreement with people, and the report."""

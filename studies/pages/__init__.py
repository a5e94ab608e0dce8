"""Build the pages that present study results."""

"""Words, sentences and characters of texts."""

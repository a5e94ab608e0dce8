"""The nouns, the tables, the store and the frozen versions."""

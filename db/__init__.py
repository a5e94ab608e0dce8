"""Records, their tables, the store and the frozen versions."""

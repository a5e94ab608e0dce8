"""The small language model that Timbre ships; recipes/mini holds its recipe."""

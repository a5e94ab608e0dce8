"""The offline teacher, which writes conversations and texts about personas without a model."""

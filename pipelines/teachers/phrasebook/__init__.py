"""The offline teacher, which writes conversations and persona texts by rules instead of a model."""

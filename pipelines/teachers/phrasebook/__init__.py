"""The offline teacher, which writes conversations and persona texts without a model."""

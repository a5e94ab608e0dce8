"""The offline teacher, which writes conversations and persona texts with rules, without a model."""

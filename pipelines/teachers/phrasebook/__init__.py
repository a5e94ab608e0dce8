"""The offline teacher: writes conversations and persona texts by rule, with no model."""

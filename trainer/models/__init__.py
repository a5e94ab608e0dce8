"""Find, check and load base models and adapters."""

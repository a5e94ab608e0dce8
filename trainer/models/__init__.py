"""Base models and adapters: find, check and load them."""

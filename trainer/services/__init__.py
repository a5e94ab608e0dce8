"""Use models on services with an OpenAI-compatible API."""

"""Models at services with an OpenAI-compatible API."""

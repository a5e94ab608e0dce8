"""Measures computed from text: tone, content and persona traits."""

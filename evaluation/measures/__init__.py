"""Measures computed from texts: tone, content and persona traits."""

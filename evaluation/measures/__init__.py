"""Measures computed from texts: tone, content, persona traits and campaign criteria."""

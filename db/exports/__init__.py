"""Versions as files for other programs."""

"""Freeze, read, compare and verify dataset versions."""

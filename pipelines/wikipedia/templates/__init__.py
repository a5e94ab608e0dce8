"""Render templates and parser functions as they appear to a reader of the page."""

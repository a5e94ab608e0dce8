"""Recipes that train what Timbre ships; not installed with it."""

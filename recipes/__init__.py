"""Recipes for training the models that Timbre ships; they aren't installed with it."""

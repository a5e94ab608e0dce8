"""Voices in which texts are written: tones of voice and personas."""

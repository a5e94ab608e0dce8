"""Teachers write the texts: the offline phrasebook, or a model."""

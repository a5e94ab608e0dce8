"""Who writes the texts: the offline phrasebook, or a model behind an endpoint."""

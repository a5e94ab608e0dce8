"""Teachers, which write the texts: models, and the offline phrasebook."""

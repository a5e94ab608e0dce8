"""Teachers, which write the texts: language models and the offline phrasebook."""

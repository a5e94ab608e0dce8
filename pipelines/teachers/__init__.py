"""Teachers, which write the training data: language models and the offline phrasebook."""

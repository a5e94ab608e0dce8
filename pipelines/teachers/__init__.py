"""The teachers that write the texts: language models and the offline phrasebook."""

"""The command line, the settings, and the workflows that connect Timbre's stages.

Only this package connects the stages (pipelines, annotation, trainer, evaluation) and reads
environment variables.
"""

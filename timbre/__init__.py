"""The command line, the settings, and the workflows that connect the stages.

No other package connects the stages or reads environment variables.
"""

"""The command line and settings; only this package composes stages and reads the environment."""

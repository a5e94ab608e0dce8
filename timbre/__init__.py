"""The command line and settings: composes the stages, and alone reads the environment."""

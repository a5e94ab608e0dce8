"""The command line and settings. Only this package combines stages and reads the environment."""

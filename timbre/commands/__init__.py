"""Commands, grouped into one module for each noun of the command line."""

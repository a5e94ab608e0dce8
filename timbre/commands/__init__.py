"""The commands, with one module per noun of the command line."""

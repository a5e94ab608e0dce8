"""Patches that change Argilla's code at run time.

Each module in this package has an `apply` function, which installs its patch after Argilla has been
imported.
"""

"""Patches to Argilla's code.

Each module has an `apply` function, which installs the patch after Argilla has been imported.
"""

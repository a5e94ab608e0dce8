"""Patches to Argilla's code; each module's `apply` installs its patch once Argilla is imported."""

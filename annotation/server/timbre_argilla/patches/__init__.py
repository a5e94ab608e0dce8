"""Changes to Argilla's code, each put in place by its module's `apply` once Argilla is imported."""

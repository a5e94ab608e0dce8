"""Everything that talks to an Argilla server, and the forms that its API and pages use."""

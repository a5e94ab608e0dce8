"""Talk to an Argilla server, and convert records to and from its formats."""

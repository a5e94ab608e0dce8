"""Talks to an Argilla server, and converts records to and from its formats."""

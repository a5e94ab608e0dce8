"""Whole experiments composed from the stages."""

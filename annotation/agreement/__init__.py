"""Measure inter-annotator agreement, and find the records that reviewers should discuss."""

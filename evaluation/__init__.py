"""Measure texts, test the measures against reviewers, and report the results."""

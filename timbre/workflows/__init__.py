"""Workflows, one for each step from reading articles to writing a report.

Each module in this package loads records from the database, runs a stage and stores the results.
"""

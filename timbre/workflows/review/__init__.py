"""Sends records to reviewers, people or rules, and gets their reviews back."""

"""Checks that generated and imported texts must pass before people review them.

To add a check, copy a file such as `length.py` and add the function to a list in `campaign.py`.
"""

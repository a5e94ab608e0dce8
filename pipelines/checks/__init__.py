"""Checks of generated and imported texts, which run before people review them.

To add one, copy a file such as `length.py` and add its function to a list in `campaign.py`.
"""

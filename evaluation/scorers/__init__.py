"""Criteria of a tone or persona, each a scorer in a file of its own.

To add one, copy a file such as `length.py` and add it to `Criteria` in `criteria.py`.
"""

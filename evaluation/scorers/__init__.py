"""The criteria of a tone or persona, with one scorer in each file.

To add a criterion, copy a file such as `length.py` and add the new class to `Criteria` in
`criteria.py`.
"""

"""Exceptions raised by the store.

`StoreError` is the base class. Each subclass is an error that callers handle in their own way.
"""


class StoreError(RuntimeError):
    """An expected store failure whose message says how to fix it."""


class StoreAwayError(StoreError):
    """The database is unreachable but may become available again."""


class StoreVersionError(StoreError):
    """The database schema belongs to another version of Timbre, for example during an upgrade."""


class StoreEmptyError(StoreError):
    """The database doesn't exist or has no tables."""

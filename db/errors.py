"""Exceptions raised by the store.

`StoreError` is the base class. Each subclass is an error that some callers handle separately.
"""


class StoreError(RuntimeError):
    """An expected failure of the store; its message says how to fix the problem."""


class StoreAwayError(StoreError):
    """The database is unreachable but may become available again."""


class StoreVersionError(StoreError):
    """The database schema belongs to another version of Timbre, for example during an upgrade."""


class StoreEmptyError(StoreError):
    """The database doesn't exist or has no tables."""

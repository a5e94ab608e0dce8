"""The exception that the store raises, and the kinds of it that callers handle."""


class StoreError(RuntimeError):
    """An expected failure of the store, in one or two sentences that say how to fix it."""


class StoreAwayError(StoreError):
    """The database can't be reached now but may be later."""


class StoreVersionError(StoreError):
    """The database belongs to an older or newer Timbre, as can happen during an upgrade."""


class StoreEmptyError(StoreError):
    """The database doesn't exist or has no tables."""

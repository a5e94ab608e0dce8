"""The store's exceptions: a general one, and the kinds that callers handle differently."""


class StoreError(RuntimeError):
    """An expected failure of the store; the message says how to fix it."""


class StoreAwayError(StoreError):
    """The database can't be reached now but may be later."""


class StoreVersionError(StoreError):
    """The database belongs to an older or newer Timbre, as can happen during an upgrade."""


class StoreEmptyError(StoreError):
    """The database doesn't exist or has no tables."""

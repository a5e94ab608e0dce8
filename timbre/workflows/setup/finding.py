"""A result of `timbre check`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one check: what was found and, for a problem, how to fix it."""

    name: str
    is_fine: bool
    detail: str

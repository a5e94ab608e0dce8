"""What `timbre check` reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: what was found, or how to fix it."""

    name: str
    is_fine: bool
    detail: str

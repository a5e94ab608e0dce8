"""What a check objects to in a text, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """An objection: the reason, one of few so that it can be counted, and what was found."""

    reason: str
    detail: str

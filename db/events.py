"""Create events that are stamped with the current time."""

from datetime import UTC, datetime
from typing import Any

from db.records import Event, EventKind, canonical


def now() -> str:
    """Return the current time in UTC as ISO 8601, with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def event(subject: str, kind: EventKind, **detail: Any) -> Event:
    """Create an event with the current time; `detail` is stored as canonical JSON."""
    return Event(subject=subject, kind=kind, at=now(), detail=canonical(detail))

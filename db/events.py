"""Events about records, with the current time."""

from datetime import UTC, datetime
from typing import Any

from db.records import Event, EventKind, canonical


def now() -> str:
    """The current time, ISO 8601 in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def event(subject: str, kind: EventKind, **detail: Any) -> Event:
    """An event that happens now; `detail` is stored as canonical JSON."""
    return Event(subject=subject, kind=kind, at=now(), detail=canonical(detail))

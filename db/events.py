"""Events about records, stamped with the time at which they happen."""

from datetime import UTC, datetime
from typing import Any

from db.records import Event, EventKind, canonical


def now() -> str:
    """The time, ISO 8601 in UTC to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def event(subject: str, kind: EventKind, **detail: Any) -> Event:
    """An event that happens now; `detail` is kept as canonical JSON."""
    return Event(subject=subject, kind=kind, at=now(), detail=canonical(detail))

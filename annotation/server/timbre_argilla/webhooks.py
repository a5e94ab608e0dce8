"""Events told to webhooks, at a cost only when one wants to hear of them.

Argilla writes out each record's event in full before it looks whether there is a webhook, reads
the whole dataset again for each, and makes a new HTTP client for each delivery. What is told, and
to whom, stays as it was.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from argilla_server.contexts.webhooks import list_enabled_webhooks
from argilla_server.models import Webhook
from argilla_server.webhooks.v1 import commons, datasets, records, responses
from argilla_server.webhooks.v1.event import Event
from argilla_server.webhooks.v1.schemas import RecordEventSchema
from sqlalchemy import event
from sqlalchemy.orm import Session

TOUCHED = "timbre_webhooks_touched"
NEEDED = ("workspace", "fields", "questions", "metadata_properties", "vectors_settings")
"""What an event says of its record's dataset."""

Notify = Callable[..., Awaitable[list[Any]]]


def apply() -> None:
    """Put all this in place, once Argilla's application is imported."""
    wanted = WantedEvents()
    for notify in (
        datasets.notify_dataset_event,
        records.notify_record_event,
        responses.notify_response_event,
    ):
        _replace(notify, _if_wanted(wanted, notify))
    _replace(records.build_record_event, _building_once(records.build_record_event))
    # Each call of httpx.post reads all certificates anew; a client keeps them. It keeps no
    # connections: one that the listener has closed meanwhile would fail the delivery.
    commons.httpx = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))


class WantedEvents:
    """Which events enabled webhooks want, asked of the database again only when one changed."""

    def __init__(self) -> None:
        """Listen to every session."""
        self._events: frozenset[str] | None = None
        self._changes = 0
        event.listen(Session, "after_flush", self._note)
        event.listen(Session, "after_commit", self._forget)

    async def include(self, db: Any, name: str) -> bool:
        """Whether anybody listens to events of this name."""
        if self._events is not None:
            return name in self._events
        changes = self._changes
        enabled = await list_enabled_webhooks(db)
        events = frozenset(str(one) for webhook in enabled for one in webhook.events)
        if changes == self._changes:
            self._events = events
        return name in events

    def _note(self, session: Session, _context: object) -> None:
        touched = (*session.new, *session.dirty, *session.deleted)
        if any(isinstance(one, Webhook) for one in touched):
            session.info[TOUCHED] = True

    def _forget(self, session: Session) -> None:
        if session.info.pop(TOUCHED, False):
            self._events = None
            self._changes += 1


def _if_wanted(wanted: WantedEvents, notify: Notify) -> Notify:
    async def notify_if_wanted(db: Any, name: str, subject: Any) -> list[Any]:
        return await notify(db, name, subject) if await wanted.include(db, name) else []

    return notify_if_wanted


def _building_once(build: Callable[..., Awaitable[Event]]) -> Callable[..., Awaitable[Event]]:
    async def build_record_event(db: Any, name: str, record: Any) -> Event:
        # The first record of a batch has it read; the others have the same dataset.
        dataset = vars(record).get("dataset")
        if dataset is None or not all(map(dataset.is_relationship_loaded, NEEDED)):
            return await build(db, name, record)
        data = RecordEventSchema.model_validate(record).model_dump()
        return Event(event=name, timestamp=_now(), data=data)

    return build_record_event


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _replace(original: object, new: object) -> None:
    """Put a function in another's place wherever Argilla has imported it by name."""
    modules = [module for name, module in sys.modules.items() if name.startswith("argilla_server")]
    for module in modules:
        for name in [name for name, value in vars(module).items() if value is original]:
            setattr(module, name, new)

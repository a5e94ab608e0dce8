"""Build webhook events only if a webhook subscribes to them.

Without this patch, Argilla builds an event for every record before it checks whether any webhook
exists, reads the whole dataset again for each event, and creates a new HTTP client for each
delivery. This patch doesn't change the contents or the receivers of the events. A ping to a webhook
is sent in a separate thread, so that it doesn't block other requests.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from argilla_server.api.handlers.v1 import webhooks as handlers
from argilla_server.api.policies.v1 import WebhookPolicy, authorize
from argilla_server.api.routes import api_v1
from argilla_server.contexts.webhooks import list_enabled_webhooks
from argilla_server.models import User, Webhook
from argilla_server.webhooks.v1 import commons, datasets, records, responses
from argilla_server.webhooks.v1.event import Event
from argilla_server.webhooks.v1.schemas import RecordEventSchema
from sqlalchemy import event
from sqlalchemy.orm import Session

from timbre_argilla.patches import deliveries
from timbre_argilla.patches.routes import replace

SESSION_KEY = "timbre_webhooks_touched"
RELATIONSHIPS = [
    "workspace",
    "fields",
    "questions",
    "metadata_properties",
    "vectors_settings",
]
"""The relationships of the dataset that a record's event contains."""

Notify = Callable[..., Awaitable[list[Any]]]


def apply() -> None:
    """Patch how webhook events are built and delivered."""
    subscriptions = Subscriptions()
    for notify in (
        datasets.notify_dataset_event,
        records.notify_record_event,
        responses.notify_response_event,
    ):
        _replace(notify, _notify_subscribers(subscriptions, notify))
    _replace(records.build_record_event, _reuse_dataset(records.build_record_event))
    # Unlike httpx.post, a client loads the certificates only once. It keeps no connections,
    # because one that the receiver has closed would fail the next delivery.
    commons.httpx = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))
    deliveries.apply()
    replace(api_v1, handlers.ping_webhook, ping_webhook)


async def ping_webhook(*, db: Any, current_user: User, webhook_id: UUID) -> None:
    """Send a ping to a webhook."""
    webhook = await Webhook.get_or_raise(db, webhook_id)
    await authorize(current_user, WebhookPolicy.ping)
    await asyncio.to_thread(handlers.notify_ping_event, webhook)


class Subscriptions:
    """The events that enabled webhooks subscribe to, cached until a webhook changes."""

    def __init__(self) -> None:
        """Watch all sessions for changes to webhooks."""
        self._events: frozenset[str] | None = None
        self._changes = 0
        event.listen(Session, "after_flush", self._note)
        event.listen(Session, "after_commit", self._invalidate)

    async def include(self, db: Any, name: str) -> bool:
        """Return whether any webhook subscribes to events with this name."""
        if self._events is not None:
            return name in self._events
        changes = self._changes
        webhooks = await list_enabled_webhooks(db)
        events = frozenset(str(one) for webhook in webhooks for one in webhook.events)
        if changes == self._changes:
            self._events = events
        return name in events

    def _note(self, session: Session, _context: object) -> None:
        objects = (*session.new, *session.dirty, *session.deleted)
        if any(isinstance(one, Webhook) for one in objects):
            session.info[SESSION_KEY] = True

    def _invalidate(self, session: Session) -> None:
        if session.info.pop(SESSION_KEY, False):
            self._events = None
            self._changes += 1


def _notify_subscribers(subscriptions: Subscriptions, notify: Notify) -> Notify:
    async def notify_subscribers(db: Any, name: str, subject: Any) -> list[Any]:
        return await notify(db, name, subject) if await subscriptions.include(db, name) else []

    return notify_subscribers


def _reuse_dataset(build: Callable[..., Awaitable[Event]]) -> Callable[..., Awaitable[Event]]:
    async def build_record_event(db: Any, name: str, record: Any) -> Event:
        # The first record of a batch loads the dataset, and the others share it.
        dataset = vars(record).get("dataset")
        if dataset is None or not all(map(dataset.is_relationship_loaded, RELATIONSHIPS)):
            return await build(db, name, record)
        data = RecordEventSchema.model_validate(record).model_dump()
        timestamp = datetime.now(UTC).replace(tzinfo=None)
        return Event(event=name, timestamp=timestamp, data=data)

    return build_record_event


def _replace(original: object, replacement: object) -> None:
    """Replace a function in all of Argilla's modules that have imported it by name."""
    modules = [module for name, module in sys.modules.items() if name.startswith("argilla_server")]
    for module in modules:
        for name in [name for name, value in vars(module).items() if value is original]:
            setattr(module, name, replacement)

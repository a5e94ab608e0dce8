"""What Argilla works out anew for every record of an upload, worked out once.

Two things took almost half of an upload's time, and are changed here without changing what
Argilla answers: the validators of a question's settings are built from their types for each
suggestion of each record, and each record's event is written out in full for webhooks even when
there is none.

Must be applied before Argilla's handlers are imported, since they take these functions by name.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from argilla_server.contexts.webhooks import list_enabled_webhooks
from argilla_server.models import MetadataProperty, Question, Webhook
from argilla_server.models.database import QuestionSettings
from argilla_server.models.metadata_properties import MetadataPropertySettings
from argilla_server.webhooks.v1 import datasets, records, responses
from pydantic import TypeAdapter
from sqlalchemy import event
from sqlalchemy.orm import Session

WEBHOOKS_TOUCHED = "timbre_webhooks_touched"


def apply() -> None:
    """Put both shortcuts in place."""
    keep_validators()
    keep_count_of_webhooks()


def keep_validators() -> None:
    """Build the validators of questions' and metadata's settings once."""
    question: TypeAdapter[Any] = TypeAdapter(QuestionSettings)
    metadata: TypeAdapter[Any] = TypeAdapter(MetadataPropertySettings)
    Question.parsed_settings = property(lambda self: question.validate_python(self.settings))
    MetadataProperty.parsed_settings = property(
        lambda self: metadata.validate_python(self.settings)
    )


class WebhookCount:
    """Whether there is an enabled webhook, asked of the database again only when one changed."""

    def __init__(self) -> None:
        """Listen to every session."""
        self._any: bool | None = None
        event.listen(Session, "after_flush", self._note)
        event.listen(Session, "after_commit", self._forget)

    async def any(self, db: Any) -> bool:
        """Whether anybody listens."""
        if self._any is None:
            self._any = len(await list_enabled_webhooks(db)) > 0
        return self._any

    def _note(self, session: Session, _context: object) -> None:
        touched = (*session.new, *session.dirty, *session.deleted)
        if any(isinstance(one, Webhook) for one in touched):
            session.info[WEBHOOKS_TOUCHED] = True

    def _forget(self, session: Session) -> None:
        if session.info.pop(WEBHOOKS_TOUCHED, False):
            self._any = None


def keep_count_of_webhooks() -> None:
    """Write events out only when a webhook is there to hear of them."""
    count = WebhookCount()
    places = (
        (datasets, "notify_dataset_event"),
        (records, "notify_record_event"),
        (responses, "notify_response_event"),
    )
    for module, name in places:
        setattr(module, name, _if_heard(count, getattr(module, name)))


def _if_heard(
    count: WebhookCount, notify: Callable[..., Awaitable[list[Any]]]
) -> Callable[..., Awaitable[list[Any]]]:
    async def notify_if_heard(db: Any, *event: Any) -> list[Any]:
        return await notify(db, *event) if await count.any(db) else []

    return notify_if_heard

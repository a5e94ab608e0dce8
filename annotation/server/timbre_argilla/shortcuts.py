"""What Argilla works out anew for every record of an upload, worked out once.

Four things took most of an upload's time, and are changed here without changing what Argilla
answers: the validators of a question's settings are built from their types for each suggestion of
each record; each record's event is written out in full for webhooks even when there is none; the
statement that writes a batch's suggestions or vectors is put together value by value; and the
answer, which repeats what was sent, is compressed with more care than it is worth.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from argilla_server.contexts.webhooks import list_enabled_webhooks
from argilla_server.models import MetadataProperty, Question, Webhook
from argilla_server.models.database import QuestionSettings
from argilla_server.models.metadata_properties import MetadataPropertySettings
from argilla_server.models.mixins import _INSERT_FUNC, CRUDMixin
from argilla_server.webhooks.v1 import datasets, records, responses
from brotli_asgi import BrotliMiddleware
from fastapi import FastAPI
from pydantic import TypeAdapter
from sqlalchemy import event
from sqlalchemy.orm import Session

WEBHOOKS_TOUCHED = "timbre_webhooks_touched"


def apply(app: FastAPI) -> None:
    """Put the shortcuts in place, once Argilla's application is imported and before it serves."""
    keep_validators()
    keep_count_of_webhooks()
    keep_statements()
    compress_lightly(app)


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
    originals = (
        datasets.notify_dataset_event,
        records.notify_record_event,
        responses.notify_response_event,
    )
    for original in originals:
        _replace(original, _if_heard(count, original))


def _replace(original: object, new: object) -> None:
    """Put a function in another's place wherever Argilla has imported it by name."""
    modules = [module for name, module in sys.modules.items() if name.startswith("argilla_server")]
    for module in modules:
        for name in [name for name, value in vars(module).items() if value is original]:
            setattr(module, name, new)


def _if_heard(
    count: WebhookCount, notify: Callable[..., Awaitable[list[Any]]]
) -> Callable[..., Awaitable[list[Any]]]:
    async def notify_if_heard(db: Any, *event: Any) -> list[Any]:
        return await notify(db, *event) if await count.any(db) else []

    return notify_if_heard


def keep_statements() -> None:
    """Write many rows with a statement for one, which SQLAlchemy puts together once."""
    CRUDMixin.upsert_many = classmethod(_upsert_many)


async def _upsert_many(
    cls: Any, db: Any, objects: list[Any], constraints: list[Any], autocommit: bool = True
) -> list[Any]:
    """As `CRUDMixin.upsert_many`, but for the form in which the rows are handed over."""
    if not objects:
        raise ValueError("Cannot upsert empty list of objects")
    rows = [one if isinstance(one, dict) else one.model_dump() for one in objects]
    insert = _INSERT_FUNC[db.bind.dialect.name](cls)
    new = {column: insert.excluded[column] for column in cls.__upsertable_columns__}
    # A statement for many rows has no `onupdate` for the row that is there already.
    new["updated_at"] = datetime.now(UTC).replace(tzinfo=None)
    upsert = insert.on_conflict_do_update(index_elements=constraints, set_=new).returning(cls)
    found = await db.execute(upsert.execution_options(populate_existing=True), rows)
    written = list(found.scalars().all())
    if autocommit:
        await db.commit()
    return written


def compress_lightly(app: FastAPI) -> None:
    """Compress answers at Brotli's fastest setting."""
    for middleware in app.user_middleware:
        if middleware.cls is BrotliMiddleware:
            middleware.kwargs["quality"] = 0

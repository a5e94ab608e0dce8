"""What Argilla works out anew for every record of an upload, worked out once.

Together with the events of `webhooks.py` this is most of an upload's time, and is changed without
changing what Argilla answers: the validators of a question's settings are built from their types
for each suggestion of each record; the statement that writes a batch's suggestions or vectors is
put together value by value; and the answer, which repeats what was sent, is compressed with more
care than it is worth.
"""

from datetime import UTC, datetime
from typing import Any

from argilla_server.models import MetadataProperty, Question
from argilla_server.models.database import QuestionSettings
from argilla_server.models.metadata_properties import MetadataPropertySettings
from argilla_server.models.mixins import _INSERT_FUNC, CRUDMixin
from brotli_asgi import BrotliMiddleware
from fastapi import FastAPI
from pydantic import TypeAdapter


def apply(app: FastAPI) -> None:
    """Put the shortcuts in place, once Argilla's application is imported and before it serves."""
    keep_validators()
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

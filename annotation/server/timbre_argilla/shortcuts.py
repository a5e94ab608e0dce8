"""What Argilla works out anew for every record, worked out once, to the same answers.

For each suggestion of each record of an upload it builds the validators of the question's settings
from their types; the statement that writes a batch's suggestions or vectors it puts together value
by value; and the answer, which repeats what was sent, it compresses with more care than it is
worth. It writes and reads all JSON, a vector's hundreds of numbers among it, with Python's own
library. These, and the events of `webhooks.py`, are most of an upload's time.

For each metadata value of each record in an annotator's queue it asks the database whether the
annotator is in the workspace, and in asking writes what it just hid from the annotator into the
records (to roll it back at the end): whoever only reads then waits for whoever writes.
"""

from copy import deepcopy
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import brotli_asgi
from argilla_server.database import async_engine
from argilla_server.models import MetadataProperty, Question, User
from argilla_server.models.database import QuestionSettings
from argilla_server.models.metadata_properties import MetadataPropertySettings
from argilla_server.models.mixins import _INSERT_FUNC, CRUDMixin
from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.responses import JSONResponse

from timbre_argilla.fast_json import dumped, loaded

PARSED = "timbre_parsed"


def apply(app: FastAPI) -> None:
    """Put the shortcuts in place, once Argilla's application is imported and before it serves."""
    keep_validators()
    keep_statements()
    keep_memberships()
    compress_lightly(app)
    write_json_fast()


def keep_validators() -> None:
    """Build the validators of questions' and metadata's settings once, and parse those once."""
    Question.parsed_settings = _parsed_once(TypeAdapter(QuestionSettings))
    MetadataProperty.parsed_settings = _parsed_once(TypeAdapter(MetadataPropertySettings))


def _parsed_once(validator: TypeAdapter[Any]) -> property:
    """An object's settings as its class has them, parsed anew when they have changed."""

    def parsed_settings(self: Any) -> Any:
        settings, parsed = vars(self).get(PARSED, (None, None))
        if settings != self.settings:
            parsed = validator.validate_python(self.settings)
            vars(self)[PARSED] = (deepcopy(dict(self.settings)), parsed)
        return parsed

    return property(parsed_settings)


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


def keep_memberships() -> None:
    """Take a person's workspaces from the person, where they were read with the person."""
    ask = User.is_member

    async def is_member(self: Any, workspace_id: UUID) -> bool:
        if self.is_relationship_loaded("workspaces"):
            return any(workspace.id == workspace_id for workspace in self.workspaces)
        found: bool = await ask(self, workspace_id)
        return found

    User.is_member = is_member


def compress_lightly(app: FastAPI) -> None:
    """Compress answers at the fastest setting, of Brotli and of gzip for clients without it."""
    brotli_asgi.GZipResponder = partial(brotli_asgi.GZipResponder, compresslevel=1)
    for middleware in app.user_middleware:
        if middleware.cls is brotli_asgi.BrotliMiddleware:
            middleware.kwargs["quality"] = 0


def write_json_fast() -> None:
    """Write answers and the database's JSON, and read the latter, with orjson."""
    answer: Any = JSONResponse
    answer.render = lambda _self, content: dumped(content)
    dialect: Any = async_engine.dialect
    dialect._json_serializer = lambda value: dumped(value).decode()
    dialect._json_deserializer = loaded

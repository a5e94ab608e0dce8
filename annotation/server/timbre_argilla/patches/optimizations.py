"""Avoid work that Argilla repeats for every record, without changing the results.

Without these patches, Argilla spends most of an upload's time on rebuilding the validators of a
question's settings for every suggestion, building a long SQL statement for every batch, compressing
responses too strongly, encoding JSON with Python's own library, and building webhook events (see
`webhooks.py`).

To show records to an annotator, Argilla queries the annotator's workspaces once for each metadata
value of each record. Because Argilla hides metadata by temporarily changing the loaded records,
each of these queries also writes to the database, so that readers have to wait for writers.
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
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse

from timbre_argilla.fast_json import dumps, loads

CACHE = "timbre_parsed"


def apply(app: FastAPI) -> None:
    """Patch Argilla before its application serves requests."""
    Question.parsed_settings = _cached_settings(TypeAdapter(QuestionSettings))
    MetadataProperty.parsed_settings = _cached_settings(TypeAdapter(MetadataPropertySettings))
    CRUDMixin.upsert_many = classmethod(_upsert_many)
    _reuse_memberships()
    _drop_timing(app)
    _compress_fast(app)
    _encode_json_fast()


def _cached_settings(validator: TypeAdapter[Any]) -> property:
    """Create a property that parses an object's settings only when they have changed."""

    def parsed_settings(self: Any) -> Any:
        settings, parsed = vars(self).get(CACHE, (None, None))
        if settings != self.settings:
            parsed = validator.validate_python(self.settings)
            vars(self)[CACHE] = (deepcopy(dict(self.settings)), parsed)
        return parsed

    return property(parsed_settings)


async def _upsert_many(
    cls: Any, db: Any, objects: list[Any], constraints: list[Any], autocommit: bool = True
) -> list[Any]:
    """Replace `CRUDMixin.upsert_many`, using a statement for one row that SQLAlchemy can cache."""
    if not objects:
        raise ValueError("The list of objects to upsert is empty.")
    rows = [one if isinstance(one, dict) else one.model_dump() for one in objects]
    insert = _INSERT_FUNC[db.bind.dialect.name](cls)
    values = {column: insert.excluded[column] for column in cls.__upsertable_columns__}
    # A statement for many rows doesn't apply `onupdate` to existing rows.
    values["updated_at"] = datetime.now(UTC).replace(tzinfo=None)
    upsert = insert.on_conflict_do_update(index_elements=constraints, set_=values).returning(cls)
    results = await db.execute(upsert.execution_options(populate_existing=True), rows)
    saved = list(results.scalars().all())
    if autocommit:
        await db.commit()
    return saved


def _reuse_memberships() -> None:
    """Use a user's workspaces if they are loaded already, instead of querying them again."""
    query = User.is_member

    async def is_member(self: Any, workspace_id: UUID) -> bool:
        if self.is_relationship_loaded("workspaces"):
            return any(workspace.id == workspace_id for workspace in self.workspaces)
        result: bool = await query(self, workspace_id)
        return result

    User.is_member = is_member


def _drop_timing(app: FastAPI) -> None:
    """Remove the middleware that reports response times, which runs requests in other tasks."""
    timing: Any = BaseHTTPMiddleware
    app.user_middleware[:] = [one for one in app.user_middleware if one.cls is not timing]


def _compress_fast(app: FastAPI) -> None:
    """Compress responses with Brotli or gzip, in both cases at the fastest level."""
    brotli_asgi.GZipResponder = partial(brotli_asgi.GZipResponder, compresslevel=1)
    for middleware in app.user_middleware:
        if middleware.cls is brotli_asgi.BrotliMiddleware:
            middleware.kwargs["quality"] = 0


def _encode_json_fast() -> None:
    """Use orjson for responses and for the database's JSON columns."""
    response: Any = JSONResponse
    response.render = lambda _self, content: dumps(content)
    dialect: Any = async_engine.dialect
    dialect._json_serializer = lambda value: dumps(value).decode()
    dialect._json_deserializer = loads

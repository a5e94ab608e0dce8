"""Fix requests that Argilla would answer with an internal error."""

from typing import Any
from uuid import UUID

from argilla_server.api.handlers.v1 import records
from argilla_server.api.policies.v1 import RecordPolicy, authorize
from argilla_server.api.routes import api_v1
from argilla_server.errors.error_handler import APIErrorHandler
from argilla_server.models import Dataset, Record, User, Vector
from fastapi import Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import selectinload
from starlette.responses import JSONResponse, Response

from timbre_argilla.patches.routes import replace

INVALID_CHARACTER = "22021"
"""PostgreSQL's code for text that it can't store, which is text with a null character."""


def apply() -> None:
    """Patch the affected routes."""
    replace(api_v1, records.get_record, get_record)
    api_v1.add_exception_handler(DBAPIError, handle_database_error)


async def get_record(*, db: Any, record_id: UUID, current_user: User) -> Record:
    """Return a record, even one with vectors, for which Argilla's own function fails."""
    options = [
        selectinload(Record.dataset).selectinload(Dataset.metadata_properties),
        selectinload(Record.suggestions),
        selectinload(Record.responses),
        selectinload(Record.vectors).selectinload(Vector.vector_settings),
    ]
    record: Record = await Record.get_or_raise(db, record_id, options=options)
    await authorize(current_user, RecordPolicy.get(record))
    return record


async def handle_database_error(request: Request, error: Any) -> Response:
    """Respond with status 422 if the database can't store a text, and pass on other errors."""
    if getattr(error.orig, "sqlstate", None) == INVALID_CHARACTER:
        detail = "A text contains a null character, which can't be stored. Remove it."
        return JSONResponse({"detail": detail}, 422)
    response: Response = await APIErrorHandler.common_exception_handler(request, error)
    return response

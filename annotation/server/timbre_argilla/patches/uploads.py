"""Answer an upload request from the data that was just written, instead of reading it back.

Without this patch, Argilla reads all uploaded records, suggestions and vectors back from the
database, to count responses, update the search engine and answer the request. With this patch,
Argilla reads back only records that existed before the upload or that have responses.

To validate a record, Argilla creates a temporary record. With this patch, the temporary record
isn't added to the dataset's list of records, which SQLAlchemy would otherwise search for every
record.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any

from argilla_server.bulk import records_bulk
from argilla_server.bulk.records_bulk import CreateRecordsBulk, UpsertRecordsBulk
from argilla_server.contexts import distribution
from argilla_server.models import Dataset, Record
from argilla_server.validators import records as validators
from sqlalchemy.orm.attributes import set_committed_value

Read = Callable[[Any, Sequence[Record]], Awaitable[None]]


def apply() -> None:
    """Install the patches for uploads."""
    CreateRecordsBulk._upsert_records_relationships = _upsert_relationships
    UpsertRecordsBulk._fetch_existing_dataset_records = _note_existing(
        UpsertRecordsBulk._fetch_existing_dataset_records
    )
    records_bulk._preload_records_relationships_before_index = _skip_loaded(
        records_bulk._preload_records_relationships_before_index, "vectors"
    )
    # A record without responses keeps its initial status, pending.
    distribution.unsafe_update_records_status = _skip_loaded(
        distribution.unsafe_update_records_status, "responses_submitted"
    )
    validators.Record = _temporary_record


def _note_existing(fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def fetch_existing(upload: Any, dataset: Any, items: Any) -> Any:
        existing = await fetch(upload, dataset, items)
        upload.timbre_existing = {record.id for record in existing.values()}
        return existing

    return fetch_existing


async def _upsert_relationships(
    upload: Any, records: Sequence[Record], items: Sequence[Any]
) -> None:
    """Write the suggestions, vectors and responses of records, and keep them for the response."""
    pairs = list(zip(records, items, strict=True))
    suggestions = await upload._upsert_records_suggestions([(r, i.suggestions) for r, i in pairs])
    vectors = await upload._upsert_records_vectors([(r, i.vectors) for r, i in pairs])
    await upload._upsert_records_responses([(r, i.responses) for r, i in pairs])
    existing: Collection[Any] = getattr(upload, "timbre_existing", ())
    suggestions_of, vectors_of = _group_by_record(suggestions), _group_by_record(vectors)
    for record, item in pairs:
        if record.id in existing or item.responses:
            continue
        for suggestion in suggestions_of[record.id]:
            question = record.dataset.question_by_id(suggestion.question_id)
            set_committed_value(suggestion, "question", question)
        set_committed_value(record, "suggestions", suggestions_of[record.id])
        set_committed_value(record, "vectors", vectors_of[record.id])
        set_committed_value(record, "responses", [])
        set_committed_value(record, "responses_submitted", [])


def _group_by_record(rows: Iterable[Any]) -> defaultdict[Any, list[Any]]:
    """Group rows by record, in the order in which Argilla reads them."""
    groups = defaultdict[Any, list[Any]](list)
    for row in sorted(rows, key=lambda row: row.inserted_at):
        groups[row.record_id].append(row)
    return groups


def _skip_loaded(read: Read, relationship: str) -> Read:
    """Wrap a function that loads a relationship, so that it skips records that already have it."""

    async def read_others(db: Any, records: Sequence[Record]) -> None:
        others = [one for one in records if not one.is_relationship_loaded(relationship)]
        if others:
            await read(db, others)

    return read_others


def _temporary_record(fields: dict[str, Any], dataset: Dataset) -> Record:
    """Create a temporary record that is only used for validation and never saved."""
    record = Record(fields=fields)
    set_committed_value(record, "dataset", dataset)
    return record

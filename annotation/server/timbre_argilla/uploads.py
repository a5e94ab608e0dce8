"""What an upload has just written, handed to its answer instead of being read back.

Argilla writes an upload's records with their suggestions and vectors, and then reads them all
again: once to see how many responses each record has, and once more, with every number of every
vector, for its search engine and the answer. Of a record that the upload itself made, all there
is was just written. Records that were there before, and those with responses, are read as ever.

Each record's stand-in that Argilla makes to validate it is also kept from the records of the
dataset, through which the database's session would look for it at every turn.
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
    """Put this in place, once Argilla's application is imported."""
    CreateRecordsBulk._upsert_records_relationships = _write_and_keep
    UpsertRecordsBulk._fetch_existing_dataset_records = _noting_existing(
        UpsertRecordsBulk._fetch_existing_dataset_records
    )
    records_bulk._preload_records_relationships_before_index = _of_unread(
        records_bulk._preload_records_relationships_before_index, "vectors"
    )
    # A record without a response is as it was made: pending.
    distribution.unsafe_update_records_status = _of_unread(
        distribution.unsafe_update_records_status, "responses_submitted"
    )
    validators.Record = _to_be_validated


def _noting_existing(fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def fetch_existing(upload: Any, dataset: Any, items: Any) -> Any:
        found = await fetch(upload, dataset, items)
        upload.timbre_existing = {record.id for record in found.values()}
        return found

    return fetch_existing


async def _write_and_keep(upload: Any, records: Sequence[Record], items: Sequence[Any]) -> None:
    """As `CreateRecordsBulk._upsert_records_relationships`, keeping what it wrote."""
    given = list(zip(records, items, strict=True))
    suggestions = await upload._upsert_records_suggestions([(r, i.suggestions) for r, i in given])
    vectors = await upload._upsert_records_vectors([(r, i.vectors) for r, i in given])
    await upload._upsert_records_responses([(r, i.responses) for r, i in given])
    existing: Collection[Any] = getattr(upload, "timbre_existing", ())
    written_suggestions, written_vectors = _by_record(suggestions), _by_record(vectors)
    for record, item in given:
        if record.id in existing or item.responses:
            continue
        for suggestion in written_suggestions[record.id]:
            question = record.dataset.question_by_id(suggestion.question_id)
            set_committed_value(suggestion, "question", question)
        set_committed_value(record, "suggestions", written_suggestions[record.id])
        set_committed_value(record, "vectors", written_vectors[record.id])
        set_committed_value(record, "responses", [])
        set_committed_value(record, "responses_submitted", [])


def _by_record(written: Iterable[Any]) -> defaultdict[Any, list[Any]]:
    """What was written of each record, in the order in which Argilla reads it."""
    found = defaultdict[Any, list[Any]](list)
    for one in sorted(written, key=lambda one: one.inserted_at):
        found[one.record_id].append(one)
    return found


def _of_unread(read: Read, relationship: str) -> Read:
    """A reading of records that leaves out those of which a relationship is known."""

    async def read_unread(db: Any, records: Sequence[Record]) -> None:
        unread = [one for one in records if not one.is_relationship_loaded(relationship)]
        if unread:
            await read(db, unread)

    return read_unread


def _to_be_validated(fields: dict[str, Any], dataset: Dataset) -> Record:
    """A record to validate only: Argilla's would be written with its dataset, but for a warning."""
    record = Record(fields=fields)
    set_committed_value(record, "dataset", dataset)
    return record

"""Index the words in the fields of records, with FTS5 on SQLite or `tsvector` on PostgreSQL.

Each record has one row in the text index, which is written in the same transaction as the record.
The words come from `words.py` rather than from the databases' own parsers, so SQLite and PostgreSQL
store the same words. Each word starts with the prefix of its field, so the index supports searches
in one field or all fields. The index also contains a word for each record's dataset, so that a
search can be limited to one dataset.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.models import Field, Record
from sqlalchemy import Connection, event, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import get_history

from timbre_argilla.search.fulltext import dataset_word, field_mark, fts5, tsquery
from timbre_argilla.search.query import Query
from timbre_argilla.search.words import split_words

_SQLITE = (
    """CREATE TABLE IF NOT EXISTS timbre_text (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        record_id CHAR(32) NOT NULL UNIQUE REFERENCES records (id) ON DELETE CASCADE
    )""",
    """CREATE VIRTUAL TABLE IF NOT EXISTS timbre_words
        USING fts5 (words, tokenize = 'ascii', columnsize = 0)""",
    """CREATE TRIGGER IF NOT EXISTS timbre_text_gone AFTER DELETE ON timbre_text BEGIN
        DELETE FROM timbre_words WHERE rowid = OLD.seq;
    END""",
)
_POSTGRESQL = (
    """CREATE TABLE IF NOT EXISTS timbre_text (
        seq INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        record_id UUID NOT NULL UNIQUE REFERENCES records (id) ON DELETE CASCADE,
        words TSVECTOR NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS timbre_text_words ON timbre_text USING gin (words)",
)
_UPSERT_FTS5 = (
    "INSERT INTO timbre_text (record_id) VALUES (:id) ON CONFLICT DO NOTHING",
    """DELETE FROM timbre_words
    WHERE rowid = (SELECT seq FROM timbre_text WHERE record_id = :id)""",
    """INSERT INTO timbre_words (rowid, words)
    VALUES ((SELECT seq FROM timbre_text WHERE record_id = :id), :words)""",
)
_UPSERT_TSVECTOR = (
    "INSERT INTO timbre_text (record_id, words) VALUES (:id, CAST(:words AS tsvector)) "
    "ON CONFLICT (record_id) DO UPDATE SET words = excluded.words",
)
MAX_POSITION = 16383
"""The largest position in a `tsvector`. After it, searches find single words but no phrases."""

MAX_POSITIONS = 255
"""The number of positions that a `tsvector` stores per word."""

BREAK = "\ue000"
"""A separator between two texts, which keeps phrases from matching across them."""

MAX_VECTOR_BYTES = 1_000_000
"""The maximum size of a `tsvector`. Words that don't fit are left out."""

Document = Mapping[str, Sequence[Sequence[str]]]
"""The words of each text in each field, by field name."""


def create(session: Session) -> None:
    """Create the index tables if needed, and index all records that aren't indexed yet."""
    connection = session.connection()
    for statement in _SQLITE if _is_sqlite(connection) else _POSTGRESQL:
        connection.execute(text(statement))
    missing = select(Record).where(
        Record.id.not_in(select(text("record_id")).select_from(text("timbre_text")))
    )
    writer = _Writer(connection)
    for batch in session.scalars(missing.execution_options(yield_per=500)).partitions():
        writer.write(batch)
        session.expunge_all()


@event.listens_for(Session, "after_flush")
def index_changes(session: Session, _context: object) -> None:
    """Index the records that a session has just written, in the same transaction."""
    records = [one for one in session.new if isinstance(one, Record)]
    records += [
        one
        for one in session.dirty
        if isinstance(one, Record) and get_history(one, "fields").has_changes()
    ]
    if records:
        _Writer(session.connection()).write(records)


async def search(
    connection: AsyncConnection, dataset: UUID, query: Query, fields: Sequence[str]
) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return the numbers (`timbre_text.seq`) of a dataset's records that match a query.

    Only the given fields of the records are searched.
    """
    # The numbers are returned as one value, because fetching 100,000 rows takes longer than finding
    # them.
    if connection.dialect.name == "sqlite":
        write = fts5
        statement = "SELECT group_concat(rowid) FROM timbre_words WHERE timbre_words MATCH :query"
    else:
        write = tsquery
        statement = "SELECT array_agg(seq) FROM timbre_text WHERE words @@ CAST(:query AS tsquery)"
    values = {"query": write(query, dataset_word(dataset), fields)}
    seqs = await connection.scalar(text(statement), values)
    if isinstance(seqs, str):
        return np.fromstring(seqs, np.int64, sep=",")
    return np.array(seqs or (), np.int64)


def split_fields(fields: Mapping[str, Any], types: Mapping[str, str]) -> Document:
    """Split the texts in the fields of a record into words, ignoring images.

    Args:
        fields: The values of the record's fields, keyed by field name.
        types: The type of each field in the dataset (`text`, `chat`, `custom` or `image`).

    Returns:
        The words of each text, keyed by field name.
    """
    return {
        name: [split_words(one) for one in _texts(fields.get(name))]
        for name, kind in types.items()
        if kind != "image"
    }


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            # The web UI shows fields as HTML, so `AT&amp;T` is displayed, and searched for, as
            # AT&T.
            yield unescape(value)
        case {"role": str(), "content": content, **rest} if not rest:
            # The role of a chat message isn't text.
            yield from _texts(content)
        case dict():
            yield from _texts(list(value.values()))
        case list():
            for part in value:
                yield from _texts(part)
        case bool() | None:
            return
        case _:
            yield str(value)


class _Writer:
    """Writes the words of records to the text index through one database connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._types: dict[UUID, dict[str, str]] = {}

    def write(self, records: Sequence[Record]) -> None:
        """Add records to the text index, replacing their old entries."""
        is_sqlite = _is_sqlite(self._connection)
        encode = _fts5_words if is_sqlite else _tsvector
        rows = [
            {
                "id": record.id.hex if is_sqlite else record.id,
                "words": encode(dataset_word(record.dataset_id), self._split(record)),
            }
            for record in records
        ]
        for statement in _UPSERT_FTS5 if is_sqlite else _UPSERT_TSVECTOR:
            self._connection.execute(text(statement), rows)

    def _split(self, record: Record) -> Document:
        dataset = record.dataset_id
        if dataset not in self._types:
            rows = self._connection.execute(
                select(Field.name, Field.settings).where(Field.dataset_id == dataset)
            )
            self._types[dataset] = {name: settings["type"] for name, settings in rows}
        return split_fields(record.fields, self._types[dataset])


def _fts5_words(dataset: str, document: Document) -> str:
    parts = [dataset]
    for name, texts in document.items():
        mark = field_mark(name)
        parts += [f"{mark}{f' {mark}'.join(words)}" for words in texts if words]
    return f" {BREAK} ".join(parts)


def _tsvector(dataset: str, document: Document) -> str:
    positions: dict[str, list[str]] = {}
    for name, texts in document.items():
        mark, position = field_mark(name), 0
        for words in texts:
            for word in words:
                position += 1
                positions.setdefault(mark + word, []).append(str(min(position, MAX_POSITION)))
            # Skipping a position keeps phrases from matching across two texts.
            position += 1
    size, parts = 0, [f"'{dataset}'"]
    for word, at in positions.items():
        del at[MAX_POSITIONS:]
        size += len(word.encode()) + 2 * len(at) + 8
        if size > MAX_VECTOR_BYTES:
            break
        # Words consist of letters, marks and digits, so they don't need escaping.
        parts.append(f"'{word}':{','.join(at)}")
    return " ".join(parts)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"

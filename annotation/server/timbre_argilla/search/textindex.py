"""The index of the words in records' fields: FTS5 on SQLite, `tsvector` on PostgreSQL.

One row a record, written in the transaction that writes the record, whoever writes it. The words
come from `words.py`, so both databases hold the same ones and neither's own parser has a say. Each
word carries the mark of its field (so that one index serves all fields and each), and each row
the mark of its dataset (so that datasets do not find each other's records, and so that a query
that only says *not* has something to take away from).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.models import Field, Record
from sqlalchemy import Connection, event, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import get_history

from timbre_argilla.search.fulltext import fts5, mark_of, scope, tsquery
from timbre_argilla.search.query import Query
from timbre_argilla.search.words import words

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
_FORGET = """DELETE FROM timbre_words
    WHERE rowid = (SELECT seq FROM timbre_text WHERE record_id = :id)"""
_REMEMBER = """INSERT INTO timbre_words (rowid, words)
    VALUES ((SELECT seq FROM timbre_text WHERE record_id = :id), :words)"""
_POSTGRESQL = (
    """CREATE TABLE IF NOT EXISTS timbre_text (
        seq INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        record_id UUID NOT NULL UNIQUE REFERENCES records (id) ON DELETE CASCADE,
        words TSVECTOR NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS timbre_text_words ON timbre_text USING gin (words)",
)
LAST_POSITION = 16383
"""The furthest a `tsvector` can count; words beyond it are found, phrases there are not."""

BREAK = "\ue000"
"""Stands between texts, so that no phrase reaches from one into the next."""

LARGEST_VECTOR = 1_000_000
"""Bytes of a `tsvector` after which further words are left out: the type holds no more."""

Document = Mapping[str, Sequence[Sequence[str]]]
"""The words of each text of each field, by the field's name."""


def create(session: Session) -> None:
    """Make the tables if need be, and index the records that came without (another engine's)."""
    connection = session.connection()
    for statement in _SQLITE if _is_sqlite(connection) else _POSTGRESQL:
        connection.execute(text(statement))
    missing = select(Record).where(
        Record.id.not_in(select(text("record_id")).select_from(text("timbre_text")))
    )
    index = _Writer(connection)
    for part in session.scalars(missing.execution_options(yield_per=500)).partitions():
        index.write(part)
        session.expunge_all()


@event.listens_for(Session, "after_flush")
def keep_up(session: Session, _context: object) -> None:
    """Index the records a session has just written, in its own transaction."""
    written = [one for one in session.new if isinstance(one, Record)]
    written += [
        one
        for one in session.dirty
        if isinstance(one, Record) and get_history(one, "fields").has_changes()
    ]
    if written:
        _Writer(session.connection()).write(written)


async def matching(
    connection: AsyncConnection, dataset: UUID, query: Query, fields: Sequence[str]
) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """The numbers (`timbre_text.seq`) of a dataset's records that a query finds in these fields."""
    sqlite = connection.dialect.name == "sqlite"
    write = fts5 if sqlite else tsquery
    statement = (
        "SELECT group_concat(rowid) FROM timbre_words WHERE timbre_words MATCH :query"
        if sqlite
        else "SELECT array_agg(seq) FROM timbre_text WHERE words @@ CAST(:query AS tsquery)"
    )
    # One value, not a row each: a hundred thousand rows cost more than finding them.
    found = await connection.scalar(
        text(statement), {"query": write(query, scope(dataset), fields)}
    )
    if found is None:
        return np.empty(0, np.int64)
    if isinstance(found, str):
        return np.fromstring(found, np.int64, sep=",")
    return np.array(found, np.int64)


def document(fields: Mapping[str, Any], kinds: Mapping[str, str]) -> Document:
    """The words of a record's fields, images left out.

    Args:
        fields: What the record holds, by field name.
        kinds: The type of each field of the dataset (`text`, `chat`, `custom`, `image`).

    Returns:
        The words of each text, by field name.
    """
    return {
        name: [words(one) for one in _texts(fields.get(name))]
        for name, kind in kinds.items()
        if kind != "image"
    }


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case {"role": str(), "content": content, **rest} if not rest:
            # A chat's message: who says it is not text.
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
    """Writes records' words through one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kinds: dict[UUID, dict[str, str]] = {}

    def write(self, records: Sequence[Record]) -> None:
        """Index these records, in place of what was there of them."""
        if _is_sqlite(self._connection):
            self._to_fts5(records)
        else:
            self._to_tsvector(records)

    def _to_fts5(self, records: Sequence[Record]) -> None:
        ids = [{"id": record.id.hex} for record in records]
        rows = [
            {"id": record.id.hex, "words": _marked(self._scope_and_document(record))}
            for record in records
        ]
        self._connection.execute(
            text("INSERT INTO timbre_text (record_id) VALUES (:id) ON CONFLICT DO NOTHING"), ids
        )
        self._connection.execute(text(_FORGET), ids)
        self._connection.execute(text(_REMEMBER), rows)

    def _to_tsvector(self, records: Sequence[Record]) -> None:
        rows = [
            {"id": record.id, "words": _tsvector(self._scope_and_document(record))}
            for record in records
        ]
        self._connection.execute(
            text(
                "INSERT INTO timbre_text (record_id, words) VALUES (:id, CAST(:words AS tsvector)) "
                "ON CONFLICT (record_id) DO UPDATE SET words = excluded.words"
            ),
            rows,
        )

    def _scope_and_document(self, record: Record) -> tuple[str, Document]:
        dataset = record.dataset_id
        if dataset not in self._kinds:
            rows = self._connection.execute(
                select(Field.name, Field.settings).where(Field.dataset_id == dataset)
            )
            self._kinds[dataset] = {name: settings["type"] for name, settings in rows}
        return scope(dataset), document(record.fields, self._kinds[dataset])


def _marked(scope_and_document: tuple[str, Document]) -> str:
    dataset, found = scope_and_document
    parts = [dataset]
    for name, texts in found.items():
        mark = mark_of(name)
        parts += [f"{mark}{f' {mark}'.join(one)}" for one in texts if one]
    return f" {BREAK} ".join(parts)


def _tsvector(scope_and_document: tuple[str, Document]) -> str:
    dataset, found = scope_and_document
    places: dict[str, list[str]] = {}
    for name, texts in found.items():
        mark, position = mark_of(name), 0
        for one in texts:
            for word in one:
                position += 1
                places.setdefault(mark + word, []).append(str(min(position, LAST_POSITION)))
            # A place left empty, so that no phrase reaches from one text into the next.
            position += 1
    size, parts = 0, [f"'{dataset}'"]
    for word, at in places.items():
        size += len(word.encode()) + 2 * len(at) + 8
        if size > LARGEST_VECTOR:
            break
        # Words are letters, marks and digits: nothing in them needs quoting beyond the quotes.
        parts.append(f"'{word}':{','.join(at[:255])}")
    return " ".join(parts)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"

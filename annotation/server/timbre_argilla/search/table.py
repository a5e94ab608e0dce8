"""One dataset's records in memory, as columns, read from Argilla's tables and kept up with them.

The database is the truth. A part is read when a search first needs it; afterwards only the
records that were written since are read again, before the next search. Nothing is written back.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.enums import QuestionType
from argilla_server.models import Record
from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from timbre_argilla.search.columns import FIRST_SIZE, Mask, grown
from timbre_argilla.search.parts import Part, PartKey, Schema, microseconds

ROWS_AT_ONCE = 2000
IDS_AT_ONCE = 500
LOW_64_BITS = (1 << 64) - 1
TEXT = table("timbre_text", column("record_id"), column("seq"))

Order = np.ndarray[Any, np.dtype[np.int64]]
Hashes = np.ndarray[Any, np.dtype[np.uint64]]


class Table:
    """The records of one dataset; `refresh` before anything else is asked."""

    def __init__(self, dataset: UUID) -> None:
        """Start empty, and unread."""
        self.dataset = dataset
        self._schema = Schema({}, {}, {})
        self.ids: list[UUID] = []
        self._row_of: dict[UUID, int] = {}
        self._alive = np.zeros(FIRST_SIZE, np.bool_)
        self._seq = np.zeros(FIRST_SIZE, np.int64)
        self._time = np.zeros(FIRST_SIZE, np.int64)
        self._hash = np.zeros(FIRST_SIZE, np.uint64)
        self._as_made: Order | None = None
        self._parts: dict[PartKey, Part] = {}
        self._stale: set[UUID] | None = None
        self._schema_stale = True
        self._lock = asyncio.Lock()

    def touch(self, records: Iterable[UUID]) -> None:
        """Say that these records were written or deleted."""
        if self._stale is not None:
            self._stale.update(records)

    def forget_schema(self) -> None:
        """Say that fields, questions, properties or vectors came or went."""
        self._schema_stale = True

    async def refresh(self, session: AsyncSession, needed: Iterable[PartKey] = ()) -> None:
        """Bring everything read so far up to date, and read these parts if they were not yet."""
        async with self._lock:
            first, stale = self._stale is None, self._stale or set()
            self._stale = set()
            try:
                await self._read_schema(session)
                await self._read_records(session, None if first else stale)
                for part in self._parts.values():
                    await self._read(session, part, stale)
                for key in needed:
                    if key not in self._parts:
                        part = self._schema.part(key)
                        await self._read(session, part, None)
                        self._parts[key] = part
            except BaseException:
                # Not known to be up to date: next time again, or all of it if it never was.
                self._stale = None if first else self._stale | stale
                self._schema_stale = True
                raise

    @property
    def rows(self) -> int:
        """How many records there are or were."""
        return len(self.ids)

    def alive(self) -> Mask:
        """Which of them still are."""
        return self._alive[: self.rows].copy()

    def with_text(self, seqs: Order) -> Mask:
        """Which have one of these numbers in the text index."""
        return np.isin(self._seq[: self.rows], seqs)

    def times(self) -> Order:
        """When each was made, in microseconds."""
        return self._time[: self.rows]

    def hashes(self) -> Hashes:
        """Half of each one's random id."""
        return self._hash[: self.rows]

    def as_made(self) -> Order:
        """All rows in the order in which their records were made."""
        if self._as_made is None:
            # The last key of a lexical sort counts first.
            self._as_made = np.lexsort((self.hashes(), self.times()))
        return self._as_made

    def part(self, key: PartKey) -> Any:
        """A part that was refreshed."""
        return self._parts[key]

    def question(self, name: str) -> QuestionType:
        """The kind of a question."""
        return self._schema.questions[name][1]

    def row(self, record: UUID) -> int | None:
        """Where a record is."""
        return self._row_of.get(record)

    async def _read_schema(self, session: AsyncSession) -> None:
        if self._schema_stale:
            self._schema_stale = False
            self._parts.clear()
            self._schema = await Schema.read(session, self.dataset)

    async def _read_records(self, session: AsyncSession, stale: set[UUID] | None) -> None:
        text = TEXT.join(Record.__table__, Record.id == TEXT.c.record_id)
        statement = (
            select(Record.id, Record.inserted_at, TEXT.c.seq)
            .select_from(text)
            .where(Record.dataset_id == self.dataset)
            .order_by(Record.inserted_at, Record.id)
        )
        gone = set(stale or ())
        async for rows in _stream(session, statement, Record.id, stale):
            for record, time, seq in rows:
                self._place(record, microseconds(time), seq)
                gone.discard(record)
        for record in gone & self._row_of.keys():
            self._alive[self._row_of[record]] = False

    def _place(self, record: UUID, time: int, seq: int) -> None:
        row = self._row_of.get(record)
        if row is None:
            row = self._row_of[record] = len(self.ids)
            self.ids.append(record)
            self._alive = grown(self._alive, row, False)
            self._seq = grown(self._seq, row, 0)
            self._time = grown(self._time, row, 0)
            self._hash = grown(self._hash, row, 0)
            self._as_made = None
        self._alive[row] = True
        self._seq[row] = seq
        self._time[row] = time
        self._hash[row] = record.int & LOW_64_BITS

    async def _read(self, session: AsyncSession, part: Part, stale: set[UUID] | None) -> None:
        for record in stale or ():
            if record in self._row_of:
                part.clear(self._row_of[record])
        statement, narrow = part.select(self.dataset)
        async for rows in _stream(session, statement, narrow, stale):
            for record, *values in rows:
                if record in self._row_of:
                    part.put(self._row_of[record], *values)


async def _stream(
    session: AsyncSession, statement: Any, narrow: Any, only: set[UUID] | None
) -> AsyncIterator[Sequence[Any]]:
    """Rows of a statement, some at a time, so that other requests get their turn between."""
    if only is None:
        statements = [statement]
    else:
        ids = list(only)
        chunks = [ids[i : i + IDS_AT_ONCE] for i in range(0, len(ids), IDS_AT_ONCE)]
        statements = [statement.where(narrow.in_(chunk)) for chunk in chunks]
    for one in statements:
        found = await session.stream(one.execution_options(yield_per=ROWS_AT_ONCE))
        async for rows in found.partitions():
            yield rows


class Shelf:
    """The tables of all datasets that were searched since the start."""

    def __init__(self) -> None:
        """Start empty."""
        self._tables: dict[UUID, Table] = {}

    def table(self, dataset: UUID) -> Table:
        """A dataset's table, perhaps an empty one to be refreshed."""
        if dataset not in self._tables:
            self._tables[dataset] = Table(dataset)
        return self._tables[dataset]

    def touch(self, dataset: UUID, records: Iterable[UUID]) -> None:
        """Say that records of a dataset were written or deleted."""
        if dataset in self._tables:
            self._tables[dataset].touch(records)

    def touch_any(self, records: Iterable[UUID]) -> None:
        """Say that these records, of whichever dataset, were written."""
        for record in records:
            for one in self._tables.values():
                if one.row(record) is not None:
                    one.touch([record])

    def forget_schema(self, dataset: UUID) -> None:
        """Say that a dataset's fields, questions, properties or vectors came or went."""
        if dataset in self._tables:
            self._tables[dataset].forget_schema()

    def drop(self, dataset: UUID) -> None:
        """Say that a dataset is gone."""
        self._tables.pop(dataset, None)

    def clear(self) -> None:
        """Say that anything may have changed."""
        self._tables.clear()

"""The records of a dataset as in-memory columns, read from Argilla's tables and kept up to date.

A column group is loaded when a search first needs it. Before each later search, only the records
that have changed since the previous one are loaded again. The columns are never written back to the
database.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.enums import QuestionType
from argilla_server.models import Record
from sqlalchemy import column, select
from sqlalchemy import table as sql_table
from sqlalchemy.ext.asyncio import AsyncSession

from timbre_argilla.search.column_groups import ColumnGroup, GroupKey, Schema, microseconds
from timbre_argilla.search.columns import INITIAL_SIZE, Mask, grow

ROWS_PER_FETCH = 500
IDS_PER_QUERY = 500
LOW_64_BITS = (1 << 64) - 1
TEXT = sql_table("timbre_text", column("record_id"), column("seq"))

Rows = np.ndarray[Any, np.dtype[np.int64]]
Hashes = np.ndarray[Any, np.dtype[np.uint64]]


class Table:
    """The records of one dataset, which may only be read inside a `reading` block."""

    def __init__(self, dataset: UUID) -> None:
        """Create an empty table for a dataset."""
        self.dataset = dataset
        self._lock = asyncio.Lock()
        self._reset()

    def _reset(self) -> None:
        self._schema = Schema(self.dataset, {}, {}, {})
        self.ids: list[UUID] = []
        self._row_of: dict[UUID, int] = {}
        self._alive = np.zeros(INITIAL_SIZE, np.bool_)
        self._seq = np.zeros(INITIAL_SIZE, np.int64)
        self._time = np.zeros(INITIAL_SIZE, np.int64)
        self._hash = np.zeros(INITIAL_SIZE, np.uint64)
        self._creation_order: Rows | None = None
        self._groups: dict[GroupKey, ColumnGroup] = {}
        self._stale: set[UUID] | None = None

    def touch(self, records: Iterable[UUID]) -> None:
        """Mark records that were written or deleted, so that they are loaded again."""
        if self._stale is not None:
            self._stale.update(records)

    @asynccontextmanager
    async def reading(
        self, session: AsyncSession, keys: Iterable[GroupKey] = ()
    ) -> AsyncIterator[None]:
        """Load all changes and the given column groups, and lock the table for a `with` block."""
        async with self._lock:
            await self._refresh(session, keys)
            yield

    async def _refresh(self, session: AsyncSession, keys: Iterable[GroupKey]) -> None:
        stale, self._stale = self._stale, set()
        try:
            if stale is None:
                self._schema = await Schema.read(session, self.dataset)
            await self._read_records(session, stale)
            for group in self._groups.values():
                await self._read(session, group, stale)
            for key in keys:
                if key not in self._groups:
                    group = self._schema.create_group(key, self.n_rows)
                    await self._read(session, group, None)
                    self._groups[key] = group
        except BaseException:
            # Some of the data may be out of date now.
            self._reset()
            raise

    @property
    def n_rows(self) -> int:
        """The number of rows, including deleted records."""
        return len(self.ids)

    def alive(self) -> Mask:
        """Return a mask of the rows whose record still exists."""
        return self._alive[: self.n_rows].copy()

    def has_seq(self, seqs: Rows) -> Mask:
        """Return a mask of the rows whose number in the text index is one of `seqs`."""
        return np.isin(self._seq[: self.n_rows], seqs)

    def times(self) -> Rows:
        """The creation time of each record in microseconds since 1970."""
        return self._time[: self.n_rows]

    def hashes(self) -> Hashes:
        """The lower 64 bits of each record's random id, used as a hash."""
        return self._hash[: self.n_rows]

    def creation_order(self) -> Rows:
        """Return all rows, sorted by the creation time of their records."""
        if self._creation_order is None:
            # `lexsort` expects the most important key last.
            self._creation_order = np.lexsort((self.hashes(), self.times()))
        return self._creation_order

    def group(self, key: GroupKey) -> Any:
        """Return a column group, which `reading` must have loaded."""
        return self._groups[key]

    def question_type(self, name: str) -> QuestionType:
        """Return the type of a question."""
        return self._schema.questions[name][1]

    def find_row(self, record: UUID) -> int | None:
        """Return the row of a record, or None if the table doesn't contain the record."""
        return self._row_of.get(record)

    async def _read_records(self, session: AsyncSession, stale: set[UUID] | None) -> None:
        text = TEXT.join(Record.__table__, Record.id == TEXT.c.record_id)
        statement = (
            select(Record.id, Record.inserted_at, TEXT.c.seq)
            .select_from(text)
            .where(Record.dataset_id == self.dataset)
            .order_by(Record.inserted_at, Record.id)
        )
        missing = set(stale or ())
        async for rows in _stream(session, statement, Record.id, stale):
            for record, time, seq in rows:
                self._put(record, microseconds(time), seq)
                missing.discard(record)
        for record in missing & self._row_of.keys():
            self._alive[self._row_of[record]] = False

    def _put(self, record: UUID, time: int, seq: int) -> None:
        row = self._row_of.get(record)
        if row is None:
            row = self._row_of[record] = len(self.ids)
            self.ids.append(record)
            self._alive = grow(self._alive, row, False)
            self._seq = grow(self._seq, row, 0)
            self._time = grow(self._time, row, 0)
            self._hash = grow(self._hash, row, 0)
            self._creation_order = None
        self._alive[row] = True
        self._seq[row] = seq
        self._time[row] = time
        self._hash[row] = record.int & LOW_64_BITS

    async def _read(
        self, session: AsyncSession, group: ColumnGroup, stale: set[UUID] | None
    ) -> None:
        for record in stale or ():
            if record in self._row_of:
                group.clear(self._row_of[record])
        async for rows in _stream(session, group.statement, group.id_column, stale):
            for record, *data in rows:
                if record in self._row_of:
                    group.put(self._row_of[record], *data)


async def _stream(
    session: AsyncSession, statement: Any, id_column: Any, records: set[UUID] | None
) -> AsyncIterator[Sequence[Any]]:
    """Fetch the rows of a statement in batches, so that other requests can run in between."""
    if records is None:
        statements = [statement]
    else:
        ids = list(records)
        chunks = [ids[i : i + IDS_PER_QUERY] for i in range(0, len(ids), IDS_PER_QUERY)]
        statements = [statement.where(id_column.in_(chunk)) for chunk in chunks]
    for one in statements:
        result = await session.stream(one.execution_options(yield_per=ROWS_PER_FETCH))
        async for rows in result.partitions():
            yield rows


class TableCache:
    """The tables of all datasets that have been searched since the server started."""

    def __init__(self) -> None:
        """Create an empty cache."""
        self._tables: dict[UUID, Table] = {}

    def get(self, dataset: UUID) -> Table:
        """Return the table of a dataset, or create an empty one for the first search."""
        if dataset not in self._tables:
            self._tables[dataset] = Table(dataset)
        return self._tables[dataset]

    def touch(self, records: Iterable[UUID], dataset: UUID | None = None) -> None:
        """Mark records that were written or deleted, so that they are loaded again.

        If any of the records are new, pass their dataset.
        """
        for table in self._tables.values():
            if dataset is None:
                table.touch(one for one in records if table.find_row(one) is not None)
            elif dataset == table.dataset:
                table.touch(records)

    def drop(self, dataset: UUID) -> None:
        """Remove the table of a dataset that was deleted or whose columns have changed."""
        self._tables.pop(dataset, None)

    def clear(self) -> None:
        """Remove all tables, because any data may have changed."""
        self._tables.clear()

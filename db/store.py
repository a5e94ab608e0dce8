"""The store: records in, records out, on SQLite or PostgreSQL.

Records are added and never rewritten; adding one twice keeps one. What becomes of a record is an
event beside it.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Table, func, select

from db import reviews, schema
from db.engine import engine, reading, writing
from db.errors import StoreError
from db.records import Event, Record, Review
from db.rows import batches, conditions, from_row, insert
from db.tables import TABLES, erased

R = TypeVar("R", bound=Record)

_BATCH = 2000
_SHORTEST_PREFIX = 6


class Store:
    """Every record Timbre keeps."""

    def __init__(self, engine: Engine) -> None:
        """Use `Store.open`, which checks the database first."""
        self.engine = engine

    @classmethod
    def open(cls, url: str, wait: float = 30.0) -> Self:
        """The store at a database URL; `wait` is how many seconds a writer waits for its turn.

        Raises `StoreError` if the database is missing, unreachable, or a migration behind or ahead.
        """
        made = engine(url, wait)
        try:
            schema.check(made)
        except BaseException:
            made.dispose()
            raise
        return cls(made)

    @staticmethod
    def migrate(url: str, wait: float = 30.0) -> bool:
        """Create the database's tables or bring them up to date; True if anything changed.

        Raises `StoreError` if the database is unreachable, or was made by a newer Timbre.
        """
        made = engine(url, wait)
        try:
            return schema.migrate(made)
        finally:
            made.dispose()

    def add(self, records: Iterable[Record]) -> int:
        """Add records of any types, 2000 a transaction; what is there already stays as it is.

        Returns how many were new.

        Raises `StoreError` if a record refers to one that is not there, or the database fails. The
        transactions before that one are kept.
        """
        new = 0
        for batch in batches(records, _BATCH):
            with self.writing() as connection:
                new += insert(connection, batch)
        return new

    def get(self, kind: type[R], id: str) -> R | None:
        """The record of a type with an id, None where there is none."""
        table = TABLES[kind]
        with self.reading() as connection:
            row = connection.execute(select(table).where(table.c.id == id)).mappings().first()
        return from_row(kind, row) if row else None

    def require(self, kind: type[R], id: str) -> R:
        """The record of a type with an id that another record refers to.

        Raises `StoreError` if it isn't in the store.
        """
        record = self.get(kind, id)
        if record is None:
            raise StoreError(
                f"The {kind.__name__.lower()} {id[:12]} isn't in the store, though another record "
                "refers to it. It may have been erased on request."
            )
        return record

    def find(self, kind: type[R], prefix: str) -> R:
        """The one record whose id starts with a prefix of six or more digits.

        Raises `StoreError` if there is none or more than one, if it isn't of this type
        (`Record` allows any), or if it was erased on request.
        """
        start = prefix.strip().lower()
        if len(start) < _SHORTEST_PREFIX or set(start) - set("0123456789abcdef"):
            raise StoreError(
                f"“{prefix}” isn't an id. Give its first {_SHORTEST_PREFIX} or more hexadecimal "
                "digits, copied from a listing."
            )
        with self.reading() as connection:
            matches: list[Record] = []
            for each, table in TABLES.items():
                rows = connection.execute(select(table).where(*_starting(table, start)).limit(2))
                matches += [from_row(each, row) for row in rows.mappings()]
            gone = connection.execute(select(erased).where(*_starting(erased, start))).first()
        if gone and not matches:
            raise StoreError(f"{gone.record} {start} was erased on request at {gone.at}.")
        if not matches:
            raise StoreError(f"No record has an id that starts with “{start}”.")
        if len(matches) > 1:
            names = ", ".join(f"{type(r).__name__} {r.id[:16]}" for r in matches[:4])
            raise StoreError(
                f"Several records have ids that start with “{start}”: {names}. Give more digits."
            )
        match = matches[0]
        if not isinstance(match, kind):
            raise StoreError(
                f"Record {prefix} has type {type(match).__name__.lower()}. Give the id of a record "
                f"of type {kind.__name__.lower()}."
            )
        return match

    def stream(self, kind: type[R], /, **where: object) -> Iterator[R]:
        """The records of a type, oldest first, in constant memory.

        A condition is a column and its value, or a tuple of values of which it must have one.
        Records added meanwhile are left out. Nothing is held open between two batches.
        """
        for row in self.rows(TABLES[kind], **where):
            yield from_row(kind, row)

    def rows(self, table: Table, /, **where: object) -> Iterator[RowMapping]:
        """The rows of a table as mappings, otherwise like `stream`."""
        with self.reading() as connection:
            met = conditions(connection, table, where)
            newest = connection.scalar(select(func.max(table.c.seq)))
        seen = 0
        query = select(table).where(*met).order_by(table.c.seq).limit(_BATCH)
        while newest and seen < newest:
            within = query.where(table.c.seq > seen, table.c.seq <= newest)
            with self.reading() as connection:
                batch = connection.execute(within).mappings().all()
            yield from batch
            seen = batch[-1]["seq"] if len(batch) == _BATCH else newest

    def count(self, kind: type[Record], /, **where: object) -> int:
        """How many records of a type meet the conditions of `stream`."""
        table = TABLES[kind]
        query = select(func.count()).select_from(table)
        with self.reading() as connection:
            return connection.scalar(query.where(*conditions(connection, table, where))) or 0

    def size(self) -> int:
        """The number of records of all types."""
        return sum(self.count(kind) for kind in TABLES)

    def events(self, subject: str) -> list[Event]:
        """What happened to a record, oldest first."""
        return list(self.stream(Event, subject=subject))

    def current_reviews(self, **where: object) -> Iterator[Review]:
        """Each reviewer's latest review of each subject, without those that were deleted."""
        with self.reading() as connection:
            met = conditions(connection, TABLES[Review], where)
            current = reviews.current(connection, met)
        for batch in batches(current, _BATCH):
            yield from self.stream(Review, id=tuple(row.id for row in batch))

    def reconcile_reviews(
        self,
        dataset: str,
        pulled: Iterable[Review],
        at: str,
        subjects: frozenset[str] | None = None,
    ) -> reviews.Reconciled:
        """Make what a dataset's reviewers say now what the store says, by adding alone.

        New and changed answers are added as reviews with a SUBMITTED event; a review that is no
        longer among `pulled`, which must be all of the dataset's (or all of these subjects'), gets
        a DELETED one. If reading `pulled` fails, nothing is changed.

        Raises `StoreError` if a reviewer has two reviews of one subject, or if `at` (ISO 8601, UTC)
        is not later than an earlier pull.
        """
        now = list(pulled)
        with self.writing() as connection:
            return reviews.reconcile(connection, dataset, now, at, subjects)

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that reads one state of the database."""
        return reading(self.engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that has its turn to write, kept whole or not at all."""
        return writing(self.engine)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()


def _starting(table: Table, prefix: str) -> tuple[ColumnElement[bool], ...]:
    # A range uses the index, which LIKE does not on either database as it is set up.
    return (table.c.id >= prefix, table.c.id < prefix + "g")

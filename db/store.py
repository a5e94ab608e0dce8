"""The record store, which adds and reads records in SQLite or PostgreSQL.

Records are never changed once added, and adding the same record twice stores it once. Changes to
the state of a record are stored as events.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Self, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Table, func, select

from db.errors import StoreError
from db.records import Event, Record
from db.sql import schema
from db.sql.engine import engine, reading, writing
from db.sql.rows import among, batches, conditions, from_row, insert
from db.sql.tables import TABLES, erased

R = TypeVar("R", bound=Record)

_BATCH = 2000
_SHORTEST_PREFIX = 6


class Store(AbstractContextManager["Store"]):
    """A database that contains all Timbre records."""

    def __init__(self, engine: Engine) -> None:
        """Wrap a database engine without checking the database.

        Use `Store.open` to check the database first.
        """
        self.engine = engine

    @classmethod
    def open(cls, url: str, wait: float = 30.0) -> Self:
        """Open the store at a database URL; `wait` is how many seconds a writer waits for its turn.

        Raises `StoreError` if the database is missing, unreachable, or belongs to another Timbre
        version.
        """
        store = cls(engine(url, wait))
        try:
            schema.check(store.engine)
        except BaseException:
            store.close()
            raise
        return store

    @staticmethod
    def migrate(url: str, wait: float = 30.0) -> bool:
        """Create or upgrade the database tables, and return whether anything changed.

        Raises `StoreError` if the database is unreachable or was created by a newer version of
        Timbre.
        """
        with Store(engine(url, wait)) as store:
            return schema.migrate(store.engine)

    def add(self, records: Iterable[Record]) -> int:
        """Add records of any types, up to 2000 per transaction, and return the number of new ones.

        Raises `StoreError` if a record refers to another one that isn't stored, or if the database
        fails. If a transaction fails, earlier transactions remain committed.
        """
        new = 0
        for batch in batches(records, _BATCH):
            with self.writing() as connection:
                new += insert(connection, batch)
        return new

    def get(self, kind: type[R], id: str) -> R | None:
        """The record with this type and id, or None if it doesn't exist."""
        return self.get_many(kind, (id,)).get(id)

    def get_many(self, kind: type[R], ids: Collection[str]) -> dict[str, R]:
        """The records with this type and these ids, keyed by id, leaving out missing records."""
        table = TABLES[kind]
        with self.reading() as connection:
            query = select(table).where(among(table.c.id, ids))
            rows = connection.execute(query).mappings()
            return {row["id"]: from_row(kind, row) for row in rows}

    def require(self, kind: type[R], id: str) -> R:
        """The record with this type and id, which must exist because another record refers to it.

        Raises `StoreError` if the record isn't in the store.
        """
        record = self.get(kind, id)
        if record is None:
            raise StoreError(
                f"The {kind.__name__.lower()} {id[:12]} isn't in the store, although another "
                "record refers to it. It may have been erased on request; if not, restore the "
                "database from a backup."
            )
        return record

    def find(self, kind: type[R], prefix: str) -> R:
        """Find the record whose id starts with a prefix of six or more hex digits.

        Raises `StoreError` if the prefix matches no records or more than one, if the record has
        another type (`Record` accepts all types), or if it was erased on request.
        """
        start = prefix.strip().lower()
        if len(start) < _SHORTEST_PREFIX or set(start) - set("0123456789abcdef"):
            raise StoreError(
                f"“{prefix}” isn't an id. Enter at least the first {_SHORTEST_PREFIX} hexadecimal "
                "digits of an id from a listing."
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
            raise StoreError(f"No record id starts with “{start}”. Copy the id from a listing.")
        if len(matches) > 1:
            names = ", ".join(f"{type(r).__name__} {r.id[:16]}" for r in matches[:4])
            raise StoreError(
                f"Several records have ids that start with “{start}”: {names}. Enter more digits."
            )
        match = matches[0]
        if not isinstance(match, kind):
            raise StoreError(
                f"Record {prefix} has type {type(match).__name__.lower()}. Enter the id of a "
                f"record of type {kind.__name__.lower()}."
            )
        return match

    def stream(self, kind: type[R], /, **where: object) -> Iterator[R]:
        """Yield the records of a type, oldest first, in constant memory.

        Each condition compares a column with a value, or with a tuple of allowed values. Records
        added after iteration starts are left out. Each read uses its own transaction, so no
        transaction stays open while you process the records.
        """
        for row in self.rows(TABLES[kind], **where):
            yield from_row(kind, row)

    def rows(self, table: Table, /, **where: object) -> Iterator[RowMapping]:
        """Yield the rows of a table as mappings; conditions and order work as in `stream`."""
        with self.reading() as connection:
            query = select(table).where(*conditions(table, where))
            newest = connection.scalar(select(func.max(table.c.seq)))
        last = 0
        while newest and last < newest:
            rest = query.where(table.c.seq > last, table.c.seq <= newest)
            with self.reading() as connection:
                ordered = rest.order_by(table.c.seq).limit(_BATCH)
                batch = connection.execute(ordered).mappings().all()
            yield from batch
            last = batch[-1]["seq"] if len(batch) == _BATCH else newest

    def count(self, kind: type[Record], /, **where: object) -> int:
        """Count the records of a type that meet the conditions, which work as in `stream`."""
        table = TABLES[kind]
        query = select(func.count()).select_from(table)
        with self.reading() as connection:
            return connection.scalar(query.where(*conditions(table, where))) or 0

    def size(self) -> int:
        """The total number of stored records."""
        return sum(self.count(kind) for kind in TABLES)

    def events(self, subject: str) -> list[Event]:
        """The events of a record, oldest first."""
        return list(self.stream(Event, subject=subject))

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a read-only transaction that sees a single snapshot of the database."""
        return reading(self.engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a write transaction, which blocks other writers and commits all changes or none."""
        return writing(self.engine)

    def close(self) -> None:
        """Close all database connections."""
        self.engine.dispose()

    def __exit__(self, *_: object) -> None:
        """Close all database connections."""
        self.close()


def _starting(table: Table, prefix: str) -> tuple[ColumnElement[bool], ...]:
    # A range condition uses the index; LIKE doesn't with the default settings of either database.
    return (table.c.id >= prefix, table.c.id < prefix + "g")

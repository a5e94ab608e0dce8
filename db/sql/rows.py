"""Convert records to table rows and back."""

import json
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, Text, bindparam, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db import records
from db.errors import StoreError
from db.identity import field_names
from db.records import Record, Span, canonical
from db.sql.tables import TABLES, erased

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Decode = Callable[[Any], Any]

PARENTS: dict[type[Record], str] = {
    records.Passage: "article",
    records.Candidate: "passage",
    records.Example: "candidate",
    records.Output: "prompt",
    records.Comparison: "prompt",
    records.Pair: "chosen_from",
    records.Review: "subject",
    records.Verdict: "subject",
    records.Measure: "subject",
    records.Rejection: "subject",
}
"""For each record type, the field that contains the id of the parent record.

Erasing a parent also erases its children.
"""


def insert(connection: Connection, items: Iterable[Record]) -> int:
    """Insert records of any types, parents first, and return the number of new records.

    Records that already exist stay unchanged. Records are skipped if they or their parents were
    erased on request.
    """
    by_kind: dict[type[Record], list[Record]] = {}
    for record in items:
        by_kind.setdefault(type(record), []).append(record)
    unknown = [kind.__name__ for kind in by_kind if kind not in TABLES]
    if unknown:
        raise TypeError(f"{unknown[0]} isn't a record type defined in db.records.")
    new = 0
    for kind, table in TABLES.items():
        rows = list(map(to_row, without_erased(connection, kind, by_kind.get(kind, []))))
        new += insert_rows(connection, table, ("id", *field_names(kind)), rows)
    return new


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> int:
    """Insert rows with the given columns, skip existing rows, and return the number of new rows.

    The statement is built without SQLAlchemy, whose statement builder takes longer than the insert
    itself.
    """
    if not rows:
        return 0
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(names))
    columns = ", ".join(map(connection.dialect.identifier_preparer.quote, names))
    # All names come from our own table definitions.
    query = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    options = {"preserve_rowcount": True}
    return connection.exec_driver_sql(query, list(rows), execution_options=options).rowcount


def to_row(record: Record) -> tuple[Any, ...]:
    """Convert a record to a row that starts with its id, followed by its fields in order.

    Raises `StoreError` if a text contains a NUL character or a number is NaN.
    """
    return record.id, *[_encode(getattr(record, name)) for name in field_names(type(record))]


def from_row(kind: type[R], row: RowMapping) -> R:
    """Convert a row back to a record, which keeps its stored id."""
    hashable: Any = kind  # mypy doesn't treat a class with its own __hash__ as hashable
    record = kind(**{name: decode(row[name]) for name, decode in _column_decoders(hashable)})
    object.__setattr__(record, "_id", row["id"])
    return record


def references(record: Record, field: str) -> tuple[str, ...]:
    """The record ids in a reference field, or an empty tuple if the field is None."""
    value = getattr(record, field)
    return value if isinstance(value, tuple) else (value,) if value else ()


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Split items into lists of length `size`; the last list may be shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def conditions(table: Table, where: Mapping[str, object]) -> list[ColumnElement[bool]]:
    """Build SQL conditions that compare each column with a value or a tuple of allowed values.

    Raises `TypeError` if the table doesn't have one of the columns.
    """
    unknown = set(where) - set(table.c.keys())
    if unknown:
        names = ", ".join(table.c.keys())
        raise TypeError(f"{table.name} has no column “{min(unknown)}”. Use one of: {names}.")
    return [
        among(table.c[name], value) if isinstance(value, tuple) else table.c[name] == value
        for name, value in where.items()
    ]


def among(column: ColumnElement[Any], values: Collection[object]) -> ColumnElement[bool]:
    """A SQL condition that a column equals one of the given values, which may include None."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, str) for value in known):
        # One parameter per value would exceed the limits of both databases.
        condition = column.bool_op("IN")(_Items(bindparam(None, json.dumps(known), type_=Text)))
    else:
        condition = column.in_(known)
    return or_(condition, column.is_(None)) if None in values else condition


class _Items(FunctionElement[str]):
    """A subquery that returns the items of a JSON array of strings."""

    inherit_cache = True


@compiles(_Items)
def _compile_items(items: _Items, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(items.clauses, **options)
    if compiler.dialect.name == "postgresql":
        return f"(SELECT json_array_elements_text(CAST({array} AS JSON)))"
    return f"(SELECT value FROM json_each({array}))"  # noqa: S608


def not_erased(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return the given ids, leaving out those of records that were erased on request."""
    if connection.execute(select(erased.c.id).limit(1)).first() is None:
        return set(ids)
    query = select(erased.c.id).where(among(erased.c.id, ids))
    return set(ids) - set(connection.scalars(query))


def without_erased(connection: Connection, kind: type[R], batch: Sequence[R]) -> list[R]:
    """Return the given records, leaving out those that were erased or whose parent was erased."""
    if not batch:
        return []
    parent = PARENTS.get(kind)
    ids = {record.id for record in batch}
    ids |= {getattr(record, parent) for record in batch} if parent else set()
    remaining = not_erased(connection, ids - {None}) | {None}
    return [
        record
        for record in batch
        if record.id in remaining and (not parent or getattr(record, parent) in remaining)
    ]


def _encode(value: Any) -> Any:
    if isinstance(value, str):
        if "\0" in value:
            raise StoreError(
                f"“{value[:40]}” contains a NUL character, which PostgreSQL can't store. "
                "Remove it from the source."
            )
        return str(value)
    if isinstance(value, float) and value != value:
        raise StoreError("NaN values can't be stored. Leave out values that couldn't be measured.")
    return value if value is None or isinstance(value, int | float) else canonical(value)


@cache
def _column_decoders(kind: Any) -> tuple[tuple[str, Decode], ...]:
    hints = get_type_hints(kind)

    def column_decoder(name: str, decode: Decode) -> Decode:
        is_json = get_origin(hints[name]) is tuple or is_dataclass(hints[name])
        return (lambda text: decode(json.loads(text))) if is_json else decode

    return tuple((name, column_decoder(name, decode)) for name, decode in _decoders(kind))


def _decoders(kind: Any) -> list[tuple[str, Decode]]:
    """The fields of a dataclass, each with a function that decodes its value from plain JSON."""
    hints = get_type_hints(kind)
    return [(name, _decoder(hints[name])) for name in field_names(kind)]


def _decoder(hint: Any) -> Decode:
    if get_origin(hint) is tuple:
        decode_item = _decoder(get_args(hint)[0])
        return lambda values: tuple(decode_item(value) for value in values)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        enum: Decode = hint
        return enum
    if is_dataclass(hint):
        kind: Any = hint
        decoders = _decoders(kind)
        return lambda value: kind(
            **{name: decode(value[name]) for name, decode in decoders if name in value}
        )
    if get_origin(hint) is types.UnionType and any(get_origin(a) is tuple for a in get_args(hint)):
        return _decode_answer
    return lambda value: value


def _decode_answer(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return tuple(Span(**item) if isinstance(item, dict) else item for item in value)

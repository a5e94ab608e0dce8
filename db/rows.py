"""Records as rows of a table and back."""

import json
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    Text,
    bindparam,
    cast,
    func,
    or_,
    select,
)

from db.errors import StoreError
from db.records import (
    Candidate,
    Comparison,
    Example,
    Measure,
    Output,
    Passage,
    Record,
    Rejection,
    Review,
    Span,
    Verdict,
    canonical,
    field_names,
)
from db.tables import TABLES, erased

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Decode = Callable[[Any], Any]
Encode = Callable[[Any], Any]

_SCALARS = {str, int, float, types.NoneType}
_PARENTS: dict[type[Record], str] = {
    Passage: "article",
    Candidate: "passage",
    Rejection: "subject",
    Review: "subject",
    Verdict: "subject",
    Example: "candidate",
    Output: "prompt",
    Comparison: "prompt",
    Measure: "subject",
}
"""What a record comes of: if that was erased, it may not be kept either."""


def insert(connection: Connection, records: Iterable[Record]) -> int:
    """Add records of any types in an order in which they may refer to one another.

    What is there already stays as it is. What was erased, or comes of what was, is
    passed over.

    Returns how many were new.
    """
    by_kind: dict[type[Record], list[Record]] = {}
    for record in records:
        by_kind.setdefault(type(record), []).append(record)
    unknown = [kind.__name__ for kind in by_kind if kind not in TABLES]
    if unknown:
        raise TypeError(f"found a {unknown[0]}, expected one of the records of db.records")
    new = 0
    for kind, table in TABLES.items():
        rows = list(map(to_row, allowed(connection, kind, by_kind.get(kind, []))))
        new += insert_rows(connection, table, ("id", *field_names(kind)), rows)
    return new


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> int:
    """Add rows of some columns, those that are there already passed over.

    The driver is spoken to directly: building a hundred thousand statements' parameters would take
    longer than storing them.

    Returns how many were new.
    """
    if not rows:
        return 0
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(names))
    columns = ", ".join(map(connection.dialect.identifier_preparer.quote, names))
    # The names are those of our own tables.
    added = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    kept = {"preserve_rowcount": True}
    return connection.exec_driver_sql(added, list(rows), execution_options=kept).rowcount


def to_row(record: Record) -> tuple[Any, ...]:
    """A record's id and fields as its row holds them.

    Raises `StoreError` if a text holds a NUL character or a number is none.
    """
    kind: Any = type(record)
    return record.id, *[encode(getattr(record, name)) for name, encode in _encoders(kind)]


def from_row(kind: type[R], row: RowMapping) -> R:
    """The record of a row, under the id it is stored under."""
    values = {name: decode(row[name]) for name, decode in _decoders(kind)}
    record = kind(**values)
    object.__setattr__(record, "_id", row["id"])
    return record


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of so many items, the last one shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def conditions(
    connection: Connection, table: Table, where: Mapping[str, object]
) -> list[ColumnElement[bool]]:
    """What a row must meet: a column and its value, or a tuple of values it must be among.

    Raises `TypeError` if the table has no such column.
    """
    unknown = set(where) - set(table.c.keys())
    if unknown:
        names = ", ".join(table.c.keys())
        raise TypeError(f"found a condition on “{min(unknown)}”, expected one of {names}")
    return [
        among(connection, table.c[name], value)
        if isinstance(value, tuple)
        else table.c[name] == value
        for name, value in where.items()
    ]


def among(
    connection: Connection, column: ColumnElement[Any], values: Sequence[object]
) -> ColumnElement[bool]:
    """That a column has one of any number of values, None among them."""
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, str) for value in given):
        # A parameter for each would meet the databases' limit on parameters.
        listed = bindparam(None, json.dumps(given), type_=Text)
        each = (
            func.json_array_elements_text(cast(listed, JSON), type_=Text)
            if connection.dialect.name == "postgresql"
            else func.json_each(listed).table_valued("value").c.value
        )
        found = column.in_(select(each))
    else:
        found = column.in_(given)
    return or_(found, column.is_(None)) if None in values else found


def not_erased(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of some ids that were not erased on request."""
    if connection.execute(select(erased.c.id).limit(1)).first() is None:
        return set(ids)
    gone = connection.scalars(select(erased.c.id).where(among(connection, erased.c.id, tuple(ids))))
    return set(ids) - set(gone)


def allowed(connection: Connection, kind: type[R], records: Sequence[R]) -> list[R]:
    """Those records of a type that were not erased on request and come of nothing that was."""
    if not records:
        return []
    parent = _PARENTS.get(kind)
    named = {record.id for record in records}
    named |= {getattr(record, parent) for record in records} if parent else set()
    kept = not_erased(connection, named - {None}) | {None}
    return [
        record
        for record in records
        if record.id in kept and (not parent or getattr(record, parent) in kept)
    ]


@cache
def _encoders(kind: Any) -> tuple[tuple[str, Encode], ...]:
    hints = get_type_hints(kind)
    return tuple((name, _encoder(hints[name])) for name in field_names(kind))


def _encoder(hint: Any) -> Encode:
    kinds = set(get_args(hint)) if get_origin(hint) is types.UnionType else {hint}
    if kinds <= {str, types.NoneType}:
        return _text
    return _scalar if kinds <= _SCALARS or _is_word(hint) else canonical


def _is_word(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, StrEnum)


def _text(value: str | None) -> str | None:
    if value and "\0" in value:
        raise StoreError(
            f"found a NUL character in “{value[:40]}”, expected text without; "
            "clean the source it came from"
        )
    return value


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, float) and value != value:
        raise StoreError("found NaN where a number belongs; leave out what could not be measured")
    return value


def _decoders(kind: Any) -> tuple[tuple[str, Decode], ...]:
    return _known_decoders(kind)


@cache
def _known_decoders(kind: Any) -> tuple[tuple[str, Decode], ...]:
    hints = get_type_hints(kind)
    return tuple((name, _column_decoder(hints[name])) for name in field_names(kind))


def _column_decoder(hint: Any) -> Decode:
    decode = _decoder(hint)
    if get_origin(hint) is tuple or is_dataclass(hint):
        return lambda text: decode(json.loads(text))
    return decode


def _decoder(hint: Any) -> Decode:
    """What makes a value of a type out of its plain JSON value."""
    if get_origin(hint) is tuple:
        one = _decoder(get_args(hint)[0])
        return lambda values: tuple(one(value) for value in values)
    if _is_word(hint):
        found: Decode = hint
        return found
    if is_dataclass(hint):
        kind: Any = hint
        parts = _parts(kind)
        return lambda value: kind(**{name: decode(value[name]) for name, decode in parts})
    if get_origin(hint) is types.UnionType and any(get_origin(a) is tuple for a in get_args(hint)):
        return _answer
    return lambda value: value


def _parts(kind: Any) -> tuple[tuple[str, Decode], ...]:
    hints = get_type_hints(kind)
    return tuple((name, _decoder(hints[name])) for name in field_names(kind))


def _answer(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return tuple(Span(**item) if isinstance(item, dict) else item for item in value)

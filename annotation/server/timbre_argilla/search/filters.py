"""Argilla's filters over a table's columns.

A filter on responses asks about single responses: the same one must have the answer asked for and
come from the person asked about. The status `pending` is the absence of a response.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.search_engine import (
    AndFilter,
    MetadataFilterScope,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
    TermsFilter,
)

from timbre_argilla.search.columns import Column, Mask
from timbre_argilla.search.parts import Answer, PartKey, by_question, microseconds
from timbre_argilla.search.table import Table

PENDING = "pending"
RESPONSES: PartKey = ("response", "")

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?$")
_LAST = ("12", "31", "23", "59", "59")
_FIRST = ("01", "01", "00", "00", "00")


def part_of(scope: Any) -> PartKey:
    """The part of the records that a scope speaks of."""
    match scope:
        case RecordFilterScope():
            return ("record", str(scope.property))
        case MetadataFilterScope():
            return ("metadata", "")
        case SuggestionFilterScope():
            return ("suggestion", scope.question)
        case ResponseFilterScope():
            return RESPONSES
    raise ValueError(f"no part of a record is meant by {scope!r}")


def scopes(asked: Any) -> Iterator[Any]:
    """The scopes of a filter, nested ones too."""
    if isinstance(asked, AndFilter):
        for one in asked.filters:
            yield from scopes(one)
    elif asked is not None:
        yield asked.scope


def column_of(table: Table, scope: Any) -> Column:
    """The column that a scope speaks of; responses have none, being several to a record."""
    part = table.part(part_of(scope))
    match scope:
        case RecordFilterScope():
            found: Column = part.column
        case MetadataFilterScope():
            found = part.columns[scope.metadata_property]
        case SuggestionFilterScope():
            named = scope.property in {"value", "score", "agent", "type"}
            found = part.columns[scope.property if named else "value"]
    return found


def fitting(table: Table, asked: Any) -> Mask:
    """Which of a table's rows fit a filter."""
    if isinstance(asked, AndFilter):
        mask = np.ones(table.rows, np.bool_)
        for one in asked.filters:
            mask &= fitting(table, one)
        return mask
    if isinstance(asked.scope, ResponseFilterScope):
        return _by_response(table, asked)
    column = column_of(table, asked.scope)
    dates = isinstance(asked.scope, RecordFilterScope) and asked.scope.property.endswith("_at")
    if isinstance(asked, RangeFilter):
        low, high = asked.ge, asked.le
        if dates:
            low, high = _moment(low, _FIRST, 0), _moment(high, _LAST, 999_999)
        return column.between(low, high, table.rows)
    values = asked.values
    if dates:
        values = [str(_moment(value, _FIRST, 0)) for value in values]
    return column.isin(values, table.rows)


def answers_of(table: Table, user: Any) -> Iterator[tuple[int, Answer]]:
    """The responses of a person, or of everybody, with their rows."""
    by_user: dict[UUID, dict[int, Answer]] = table.part(RESPONSES).by_user
    if user is not None:
        yield from by_user.get(user.id, {}).items()
        return
    for answers in by_user.values():
        yield from answers.items()


def _by_response(table: Table, asked: Any) -> Mask:
    scope = asked.scope
    if scope.question:
        return _by_answer(table, asked)
    if scope.property == "status" and isinstance(asked, TermsFilter):
        return _by_status(table, asked)
    raise ValueError(f"responses cannot be filtered by {asked!r}")


def _by_status(table: Table, asked: Any) -> Mask:
    wanted = {str(value) for value in asked.values}
    mask = np.zeros(table.rows, np.bool_)
    answered = np.zeros(table.rows, np.bool_)
    for row, answer in answers_of(table, asked.scope.user):
        answered[row] = True
        if answer.status in wanted:
            mask[row] = True
    return mask | ~answered if PENDING in wanted else mask


def _by_answer(table: Table, asked: Any) -> Mask:
    # One place a response in a column of its own, so that it is compared as suggestions are.
    column, rows = by_question(table.question(asked.scope.question)), []
    for place, (row, answer) in enumerate(answers_of(table, asked.scope.user)):
        column.put(place, answer.values.get(asked.scope.question))
        rows.append(row)
    if isinstance(asked, RangeFilter):
        fits = column.between(asked.ge, asked.le, len(rows))
    else:
        fits = column.isin(asked.values, len(rows))
    mask = np.zeros(table.rows, np.bool_)
    mask[np.array(rows, np.int64)[fits]] = True
    return mask


def _moment(value: Any, rest: tuple[str, ...], microsecond: int) -> float | None:
    """A bound on a time, in microseconds; what a date leaves out is filled up from `rest`.

    A number is milliseconds since 1970. What is no time fits nothing, and so becomes NaN.
    """
    if value is None or isinstance(value, int | float):
        return None if value is None else value * 1000.0
    whole = _DATE.match(value.strip())
    if whole:
        given = [part for part in whole.groups() if part is not None]
        year, month, day, *clock = [*given, *rest[len(given) - 1 :]]
        if len(given) < 3 and rest is _LAST:
            day = str(_days(int(year), int(month)))
        value = f"{year}-{month}-{day}T{':'.join(clock)}.{microsecond:06d}"
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return float("nan")
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return float(microseconds(time))


def _days(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001 (a date, no time)
    return (following - datetime(year, month, 1)).days  # noqa: DTZ001 (as above)

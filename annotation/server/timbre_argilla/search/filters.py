"""Argilla's filters over a table's columns.

A filter on responses asks about single responses: the same one must have the answer asked for and
come from the person asked about. The status `pending` is the absence of a response.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from timbre_argilla.search.parts import MICROSECOND, Answer, PartKey, by_question, microseconds
from timbre_argilla.search.table import Table

PENDING = "pending"
RESPONSES: PartKey = ("response", "")

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?$")
_FIRST = (1, 1, 1, 0, 0, 0)
_UNITS = {
    3: timedelta(days=1),
    4: timedelta(hours=1),
    5: timedelta(minutes=1),
    6: timedelta(seconds=1),
}


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
            low, high = _moment(low, last=False), _moment(high, last=True)
        return column.between(low, high, table.rows)
    values = asked.values
    if dates:
        values = [str(_moment(value, last=False)) for value in values]
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


def _moment(value: Any, last: bool) -> float | None:
    """A bound on a time, in microseconds; NaN, which fits nothing, for what is no time.

    A number is milliseconds since 1970. A date that leaves out its end (`2026-11`) stands for the
    first or the last moment it could mean.
    """
    if value is None or isinstance(value, int | float):
        return None if value is None else value * 1000.0
    try:
        time = _time(str(value).strip(), last)
    except (ValueError, OverflowError):
        return float("nan")
    return float(microseconds(time))


def _time(written: str, last: bool) -> datetime:
    partial = _DATE.match(written)
    if partial is None:
        time = datetime.fromisoformat(written)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    given = [int(part) for part in partial.groups() if part is not None]
    year, month, day, hour, minute, second = [*given, *_FIRST[len(given) :]]
    first = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (Argilla's times are UTC, and say so not)
    return _last(first, len(given)) if last else first


def _last(first: datetime, given: int) -> datetime:
    """The last moment of a time that begins then, of which so many units were given."""
    year, month = first.year, first.month
    try:
        if given == 1:
            return first.replace(year=year + 1) - MICROSECOND
        if given == 2:
            return first.replace(year=year + month // 12, month=month % 12 + 1) - MICROSECOND
        return first + _UNITS[given] - MICROSECOND
    except (ValueError, OverflowError):
        # The year 9999 has no year after it.
        return datetime.max  # noqa: DTZ901 (as all of Argilla's times)

"""Evaluate Argilla's filters on the columns of a table.

The scope of a filter says which property or question the filter refers to. A response filter
matches individual responses: one response must contain the requested answer and come from the
requested user. A filter for the status `pending` selects records without a response.
"""

import asyncio
import re
from calendar import monthrange
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

from timbre_argilla.search.column_groups import (
    METADATA,
    RESPONSES,
    Answer,
    GroupKey,
    column_for,
    microseconds,
)
from timbre_argilla.search.columns import Column, Mask
from timbre_argilla.search.table import Table

PENDING = "pending"

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?$")
_START, _END = (1, 1, 1, 0, 0, 0), (1, 12, 31, 23, 59, 59)


def group_key(scope: Any) -> GroupKey:
    """Return the key of the column group to which the scope of a filter or sort refers."""
    match scope:
        case RecordFilterScope():
            return GroupKey("record", str(scope.property))
        case MetadataFilterScope():
            return METADATA
        case SuggestionFilterScope():
            return GroupKey("suggestion", scope.question)
        case ResponseFilterScope():
            return RESPONSES
    raise ValueError(f"Filters and sorts don't support the scope {scope!r}.")


def iterate_scopes(condition: Any) -> Iterator[Any]:
    """Yield the scopes of a filter and of all filters nested in it."""
    if isinstance(condition, AndFilter):
        for one in condition.filters:
            yield from iterate_scopes(one)
    elif condition is not None:
        yield condition.scope


def find_column(table: Table, scope: Any) -> Column:
    """Return the column to which the scope of a filter or sort refers.

    The scope must not refer to responses, because these aren't stored in a single column.
    """
    group = table.group(group_key(scope))
    match scope:
        case RecordFilterScope():
            column: Column = group.columns["value"]
        case MetadataFilterScope():
            column = group.columns[scope.metadata_property]
        case SuggestionFilterScope():
            column = group.columns.get(scope.property) or group.columns["value"]
    return column


async def apply_filter(table: Table, condition: Any) -> Mask:
    """Return a mask of the rows that match a filter, letting other requests run meanwhile."""
    if isinstance(condition, AndFilter):
        mask = np.ones(table.n_rows, np.bool_)
        for one in condition.filters:
            mask &= await apply_filter(table, one)
        return mask
    await asyncio.sleep(0)
    return _apply_condition(table, condition)


def _apply_condition(table: Table, condition: Any) -> Mask:
    scope = condition.scope
    if isinstance(scope, ResponseFilterScope):
        return _filter_responses(table, condition)
    column = find_column(table, scope)
    is_time = isinstance(scope, RecordFilterScope) and scope.property.endswith("_at")
    if isinstance(condition, RangeFilter):
        low, high = condition.ge, condition.le
        if is_time:
            low, high = _moment(low, is_end=False), _moment(high, is_end=True)
        return column.between(low, high, table.n_rows)
    values = condition.values
    if is_time:
        values = [str(_moment(value, is_end=False)) for value in values]
    return column.isin(values, table.n_rows)


def iterate_answers(table: Table, user: Any) -> Iterator[tuple[int, Answer]]:
    """Yield the rows and responses of one user, or of all users if `user` is None."""
    by_user: dict[UUID, dict[int, Answer]] = table.group(RESPONSES).columns["value"].by_user
    if user is not None:
        yield from by_user.get(user.id, {}).items()
        return
    for answers in by_user.values():
        yield from answers.items()


def _filter_responses(table: Table, condition: Any) -> Mask:
    scope = condition.scope
    if scope.question:
        return _filter_by_answer(table, condition)
    if scope.property == "status" and isinstance(condition, TermsFilter):
        return _filter_by_status(table, condition)
    raise ValueError(f"Response filters don't support the condition {condition!r}.")


def _filter_by_status(table: Table, condition: Any) -> Mask:
    statuses = {str(value) for value in condition.values}
    mask = np.zeros(table.n_rows, np.bool_)
    has_response = np.zeros(table.n_rows, np.bool_)
    for row, answer in iterate_answers(table, condition.scope.user):
        has_response[row] = True
        if answer.status in statuses:
            mask[row] = True
    return mask | ~has_response if PENDING in statuses else mask


def _filter_by_answer(table: Table, condition: Any) -> Mask:
    # A temporary column with a row per response, so that filters work the same as for suggestions.
    question = condition.scope.question
    column, rows = column_for(table.question_type(question)), []
    for place, (row, answer) in enumerate(iterate_answers(table, condition.scope.user)):
        column.put(place, answer.values.get(question))
        rows.append(row)
    if isinstance(condition, RangeFilter):
        matches = column.between(condition.ge, condition.le, len(rows))
    else:
        matches = column.isin(condition.values, len(rows))
    mask = np.zeros(table.n_rows, np.bool_)
    mask[np.array(rows, np.int64)[matches]] = True
    return mask


def _moment(value: Any, is_end: bool) -> float | None:
    """Convert a time bound to microseconds since 1970.

    A number is interpreted as milliseconds since 1970. As a lower bound, an incomplete date such as
    `2026-11` stands for its first moment; as an upper bound, for its last. An invalid bound becomes
    NaN, which matches nothing.
    """
    if value is None or isinstance(value, int | float):
        return None if value is None else value * 1000.0
    try:
        time = _parse_time(str(value).strip(), is_end)
    except (ValueError, OverflowError):
        return float("nan")
    return float(microseconds(time))


def _parse_time(text: str, is_end: bool) -> datetime:
    match = _DATE.match(text)
    if match is None:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    parts = [int(part) for part in match.groups() if part is not None]
    defaults = _END if is_end else _START
    year, month, day, hour, minute, second = [*parts, *defaults[len(parts) :]]
    if is_end and len(parts) < 3:
        day = monthrange(year, month)[1]
    fraction = 999_999 if is_end else 0
    return datetime(year, month, day, hour, minute, second, fraction)  # noqa: DTZ001 (like Argilla's)

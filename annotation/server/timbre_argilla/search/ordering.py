"""Sort search results.

Records that are equal in the requested order are shown to each user in a different random order,
which never changes. If the search has no user, such records are sorted by creation time.

If a user doesn't request an order, the records assigned to this user come first, and then the most
uncertain ones. Assignments and uncertainty are read from the metadata properties `reviewers` and
`uncertainty`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.enums import QuestionType, SortOrder
from argilla_server.search_engine import ResponseFilterScope

from timbre_argilla.search.column_groups import METADATA, column_for
from timbre_argilla.search.columns import Keys, Mask, Numbers, Terms
from timbre_argilla.search.filters import find_column, iterate_answers
from timbre_argilla.search.table import LOW_64_BITS, Hashes, Rows, Table

REVIEWERS = "reviewers"
UNCERTAINTY = "uncertainty"


async def sort_rows(table: Table, mask: Mask, sort: Sequence[Any], user: UUID | None) -> Rows:
    """Sort the rows that a mask selects, letting other requests run meanwhile."""
    if not sort and user is None:
        created = table.creation_order()
        return created[mask[created]]
    rows = np.flatnonzero(mask)
    keys: list[Any] = []
    for order in sort:
        await asyncio.sleep(0)
        keys.append(_sort_keys(table, order)[rows])
    if user is not None:
        keys.append(_shuffle(table.hashes()[rows], user))
    else:
        keys += [table.times()[rows], table.hashes()[rows]]
    # `lexsort` expects the most important key last.
    return rows[np.lexsort(keys[::-1])]


def prioritize(table: Table, rows: Rows, name: str) -> Rows:
    """Move the rows that the user with this name should review first to the front."""
    columns = table.group(METADATA).columns
    keys: list[Any] = []
    if isinstance(reviewers := columns.get(REVIEWERS), Terms):
        keys.append(~reviewers.isin([name], table.n_rows)[rows])
    if isinstance(uncertainty := columns.get(UNCERTAINTY), Numbers):
        keys.append(uncertainty.keys(True, table.n_rows)[rows])
    # The sort is stable, so equal rows keep their order.
    return rows[np.lexsort(keys[::-1])] if keys else rows


def _shuffle(hashes: Hashes, user: UUID) -> Hashes:
    """Combine record hashes and a user id into pseudo-random sort keys."""
    mixed = hashes ^ np.uint64((user.int ^ user.int >> 64) & LOW_64_BITS)
    # The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    keys: Hashes = mixed ^ mixed >> np.uint64(31)
    return keys


def _sort_keys(table: Table, order: Any) -> Keys:
    descending = order.order == SortOrder.desc
    if isinstance(order.scope, ResponseFilterScope):
        return _response_keys(table, order.scope, descending)
    return find_column(table, order.scope).keys(descending, table.n_rows)


def _response_keys(table: Table, scope: Any, descending: bool) -> Keys:
    """Compute sort keys from responses: the mean of their numbers, or their first or last word."""
    values_of: dict[int, list[Any]] = {}
    for row, answer in iterate_answers(table, scope.user):
        value = answer.values.get(scope.question) if scope.question else answer.status
        values = value if isinstance(value, list) else [value]
        values_of.setdefault(row, []).extend(one for one in values if one is not None)
    is_status = not scope.question
    column = column_for(
        QuestionType.label_selection if is_status else table.question_type(scope.question)
    )
    for row, values in values_of.items():
        is_mean = isinstance(column, Numbers) and values
        column.put(row, float(np.mean(values)) if is_mean else values)
    return column.keys(descending, table.n_rows)

"""The order in which found records are handed out.

As asked; where that leaves records equal, in the order a person gets them, which is random but
the same each time and another for each person; where no person asks, in the order they were made.

A person who asks for no order gets the records handed to them first, then those of which most is to
be learnt: a dataset says so in metadata properties of two names, `reviewers` and `uncertainty`.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.enums import QuestionType, SortOrder
from argilla_server.search_engine import ResponseFilterScope

from timbre_argilla.search.columns import Keys, Mask, Numbers, Terms
from timbre_argilla.search.filters import answers_of, column_of
from timbre_argilla.search.parts import PartKey, by_question
from timbre_argilla.search.table import Hashes, Order, Table

METADATA: PartKey = ("metadata", "")
HANDED_TO = "reviewers"
UNCERTAINTY = "uncertainty"
LOW_64_BITS = (1 << 64) - 1


def ordered(table: Table, mask: Mask, sort: Sequence[Any], user: UUID | None) -> Order:
    """The rows of a table that a mask shows, in the order asked for."""
    if not sort and user is None:
        as_made = table.as_made()
        return as_made[mask[as_made]]
    rows = np.flatnonzero(mask)
    keys: list[Any] = [_keys(table, one)[rows] for one in sort]
    if user is not None:
        keys.append(_shuffled(table.hashes()[rows], user))
    else:
        keys += [table.times()[rows], table.hashes()[rows]]
    # The last key of a lexical sort counts first.
    return rows[np.lexsort(keys[::-1])]


def due(table: Table, rows: Order, name: str) -> Order:
    """These rows of a table, those first that a person of this name had best judge first."""
    columns = table.part(METADATA).columns
    keys: list[Any] = []
    if isinstance(handed := columns.get(HANDED_TO), Terms):
        keys.append(~handed.isin([name], table.rows)[rows])
    if isinstance(unsure := columns.get(UNCERTAINTY), Numbers):
        keys.append(unsure.keys(True, table.rows)[rows])
    # The sort is stable: what is equal here stays in the order it came in.
    return rows[np.lexsort(keys[::-1])] if keys else rows


def _shuffled(hashes: Hashes, user: UUID) -> Hashes:
    """Numbers without any order to see in them, from a record's id and a person's."""
    mixed = hashes ^ np.uint64((user.int ^ user.int >> 64) & LOW_64_BITS)
    # The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    found: Hashes = mixed ^ mixed >> np.uint64(31)
    return found


def _keys(table: Table, order: Any) -> Keys:
    descending = order.order == SortOrder.desc
    if isinstance(order.scope, ResponseFilterScope):
        return _by_responses(table, order.scope, descending)
    return column_of(table, order.scope).keys(descending, table.rows)


def _by_responses(table: Table, scope: Any, descending: bool) -> Keys:
    """Numbers count by their mean over the responses; words like a record's several words."""
    found: dict[int, list[Any]] = {}
    for row, answer in answers_of(table, scope.user):
        value = answer.values.get(scope.question) if scope.question else answer.status
        values = value if isinstance(value, list) else [value]
        found.setdefault(row, []).extend(one for one in values if one is not None)
    kind = table.question(scope.question) if scope.question else QuestionType.label_selection
    column = by_question(kind)
    for row, values in found.items():
        mean = isinstance(column, Numbers) and values
        column.put(row, float(np.mean(values)) if mean else values)
    return column.keys(descending, table.rows)

"""Columns of values, one place a record, that filters and sorts run over.

A record may have no value in a column, one, or several (several labels, a score each). A filter
finds a record when any of its values fits. A sort goes by the smallest value upwards and by the
largest downwards; records without a value come last either way.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Keys = np.ndarray[Any, np.dtype[np.float64]]

FIRST_SIZE = 1024


class Column(Protocol):
    """What filters and sorts ask of a column."""

    def put(self, row: int, value: Any) -> None:
        """Write what a record has: a value, a list of values, or None; others' types are none."""

    def isin(self, values: Sequence[str], rows: int) -> Mask:
        """Which of the first rows have one of these values, written as texts."""

    def between(self, low: Any, high: Any, rows: int) -> Mask:
        """Which of the first rows have a value in these bounds, both included, None for open."""

    def keys(self, descending: bool, rows: int) -> Keys:
        """Numbers that sort the first rows upwards, NaN (which sorts last) for none."""


class Numbers:
    """A column of numbers."""

    def __init__(self) -> None:
        """Start empty."""
        self._one = np.full(FIRST_SIZE, np.nan)
        self._more: dict[int, tuple[float, ...]] = {}

    def put(self, row: int, value: Any) -> None:
        """Write a number, a list of them, or None."""
        self._one = grown(self._one, row, np.nan)
        self._more.pop(row, None)
        numbers = [as_number(one) for one in _each(value) if _is_number(one)]
        found = [one for one in numbers if one is not None]
        self._one[row] = found[0] if found else np.nan
        if len(found) > 1:
            self._more[row] = tuple(found)

    def isin(self, values: Sequence[str], rows: int) -> Mask:
        """Which rows have one of these numbers; a text that is none fits nothing."""
        wanted = [number for number in map(as_number, values) if number is not None]
        mask = np.isin(filled(self._one, rows, np.nan), wanted)
        return self._with_more(mask, lambda found: any(one in wanted for one in found))

    def between(self, low: Any, high: Any, rows: int) -> Mask:
        """Which rows have a number in these bounds; a bound that is none fits nothing."""
        least = -np.inf if low is None else as_number(low)
        most = np.inf if high is None else as_number(high)
        if least is None or most is None:
            return np.zeros(rows, np.bool_)
        one = filled(self._one, rows, np.nan)
        mask = (one >= least) & (one <= most)
        return self._with_more(mask, lambda found: any(least <= x <= most for x in found))

    def keys(self, descending: bool, rows: int) -> Keys:
        """The numbers themselves, turned round to go downwards."""
        keys: Keys = filled(self._one, rows, np.nan).copy()
        pick = max if descending else min
        for row, found in self._more.items():
            if row < rows:
                keys[row] = pick(found)
        return -keys if descending else keys

    def extremes(self, alive: Mask) -> tuple[float, float] | None:
        """The least and the largest number of the rows alive; None when there is none."""
        one = filled(self._one, len(alive), np.nan)[alive]
        found = one[~np.isnan(one)].tolist()
        for row, more in self._more.items():
            if row < len(alive) and alive[row]:
                found += more
        return (min(found), max(found)) if found else None

    def _with_more(self, mask: Mask, fits: Any) -> Mask:
        for row, found in self._more.items():
            if row < len(mask) and not mask[row]:
                mask[row] = fits(found)
        return mask


class Terms:
    """A column of words from a vocabulary: labels, names, identifiers."""

    def __init__(self) -> None:
        """Start empty."""
        self._one = np.full(FIRST_SIZE, -1, np.int32)
        self._more: dict[int, tuple[int, ...]] = {}
        self._names: list[str] = []
        self._code_of: dict[str, int] = {}
        self._ranks = np.empty(0)

    def put(self, row: int, value: Any) -> None:
        """Write a word, a list of them, or None."""
        self._one = grown(self._one, row, -1)
        self._more.pop(row, None)
        found = [self._code(one) for one in _each(value) if isinstance(one, str)]
        self._one[row] = found[0] if found else -1
        if len(found) > 1:
            self._more[row] = tuple(found)

    def isin(self, values: Sequence[str], rows: int) -> Mask:
        """Which rows have one of these words."""
        return self._any_of([self._code_of[one] for one in values if one in self._code_of], rows)

    def between(self, low: Any, high: Any, rows: int) -> Mask:
        """Which rows have a word in these bounds, in the order of characters' codes."""
        return self._any_of(
            [
                code
                for code, name in enumerate(self._names)
                if (low is None or name >= str(low)) and (high is None or name <= str(high))
            ],
            rows,
        )

    def keys(self, descending: bool, rows: int) -> Keys:
        """The words' places in the order of characters' codes."""
        ranks = self._ranked()
        codes = filled(self._one, rows, -1)
        keys = np.where(codes < 0, np.nan, ranks[codes] if len(ranks) else np.nan)
        pick = max if descending else min
        for row, found in self._more.items():
            if row < rows:
                keys[row] = pick(ranks[code] for code in found)
        return -keys if descending else keys

    def counts(self, alive: Mask) -> dict[str, int]:
        """How many of the rows alive have each word."""
        codes = filled(self._one, len(alive), -1)[alive]
        totals = np.bincount(codes[codes >= 0], minlength=len(self._names))
        for row, more in self._more.items():
            if row < len(alive) and alive[row]:
                for code in set(more[1:]) - {more[0]}:
                    totals[code] += 1
        return {name: int(n) for name, n in zip(self._names, totals, strict=True) if n}

    def _any_of(self, codes: list[int], rows: int) -> Mask:
        mask = np.isin(filled(self._one, rows, -1), codes)
        wanted = set(codes)
        for row, found in self._more.items():
            if row < rows and not mask[row]:
                mask[row] = not wanted.isdisjoint(found)
        return mask

    def _code(self, name: str) -> int:
        if name not in self._code_of:
            self._code_of[name] = len(self._names)
            self._names.append(name)
        return self._code_of[name]

    def _ranked(self) -> Keys:
        if len(self._ranks) != len(self._names):
            order = sorted(range(len(self._names)), key=self._names.__getitem__)
            self._ranks = np.empty(len(order))
            self._ranks[order] = np.arange(len(order))
        return self._ranks


def as_number(value: Any) -> float | None:
    """A number, or a text that writes one; None for anything else, or a number without end."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def grown(array: Any, row: int, empty: Any) -> Any:
    """The array, or a longer copy of it, with a place for this row."""
    if row < len(array):
        return array
    longer = np.full((max(row + 1, 2 * len(array)), *array.shape[1:]), empty, array.dtype)
    longer[: len(array)] = array
    return longer


def filled(array: Any, rows: int, empty: Any) -> Any:
    """The first rows of an array, with empty places where it is shorter."""
    return grown(array, rows - 1, empty)[:rows] if rows else array[:0]


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else (value,)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

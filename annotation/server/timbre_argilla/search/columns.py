"""Columns with one row per record, used by filters, sorts and similarity searches.

A record may have no value, one value or several values in a column, such as several labels. A
filter selects a record if any of its values matches. An ascending sort uses a record's smallest
value, and a descending sort uses its largest value. Records without a value are always sorted last.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Keys = np.ndarray[Any, np.dtype[np.float64]]
Scores = np.ndarray[Any, np.dtype[np.float32]]

INITIAL_SIZE = 1024


class Column(ABC):
    """A column of values, which stores the first value of each row in an array.

    If a row has several values, all of them are also stored separately.
    """

    def __init__(self, empty: float, dtype: Any) -> None:
        """Create an empty column."""
        self._empty = empty
        self._first = np.full(INITIAL_SIZE, empty, dtype)
        self._several: dict[int, tuple[float, ...]] = {}

    def put(self, row: int, value: Any) -> None:
        """Set a row to a value, a list of values or None, skipping values of the wrong type."""
        values = self._encode(value if isinstance(value, list) else [value])
        self._first = grow(self._first, row, self._empty)
        self._first[row] = values[0] if values else self._empty
        self._several.pop(row, None)
        if len(values) > 1:
            self._several[row] = tuple(values)

    @abstractmethod
    def isin(self, values: Sequence[str], n_rows: int) -> Mask:
        """Mark which of the first `n_rows` rows have one of the values, which are given as text."""

    @abstractmethod
    def between(self, low: Any, high: Any, n_rows: int) -> Mask:
        """Mark which of the first `n_rows` rows have a value within inclusive bounds.

        A bound of None means that the range is unlimited in that direction.
        """

    def keys(self, descending: bool, n_rows: int) -> Keys:
        """Return keys by which the first `n_rows` rows can be sorted in ascending order.

        A row without a value has the key NaN, which sorts last.
        """
        keys = self._sort_keys(resize(self._first, n_rows, self._empty))
        pick = max if descending else min
        for row, values in self._several.items():
            if row < n_rows:
                keys[row] = pick(self._sort_keys(np.array(values)))
        return -keys if descending else keys

    @abstractmethod
    def _encode(self, values: Sequence[Any]) -> list[float]:
        """Convert values to the numbers by which the column represents them."""

    @abstractmethod
    def _sort_keys(self, encoded: Any) -> Keys:
        """Convert encoded values to a new array of sort keys."""

    def _isin(self, encoded: Sequence[float], n_rows: int) -> Mask:
        mask = np.isin(resize(self._first, n_rows, self._empty), encoded)
        choices = set(encoded)
        return self._add_several(mask, lambda values: not choices.isdisjoint(values))

    def _add_several(self, mask: Mask, matches: Callable[[Sequence[float]], bool]) -> Mask:
        for row, values in self._several.items():
            if row < len(mask) and not mask[row]:
                mask[row] = matches(values)
        return mask


class Numbers(Column):
    """A column of numbers."""

    def __init__(self) -> None:
        """Create an empty column."""
        super().__init__(np.nan, np.float64)

    def isin(self, values: Sequence[str], n_rows: int) -> Mask:
        """Return a mask of the rows that contain one of the given numbers.

        A text that isn't a number doesn't match any row.
        """
        return self._isin([n for n in map(parse_number, values) if n is not None], n_rows)

    def between(self, low: Any, high: Any, n_rows: int) -> Mask:
        """Return a mask of the rows that contain a number within the given bounds.

        Invalid bounds match nothing.
        """
        least = -np.inf if low is None else parse_number(low)
        most = np.inf if high is None else parse_number(high)
        if least is None or most is None:
            return np.zeros(n_rows, np.bool_)
        first = resize(self._first, n_rows, np.nan)
        mask = (first >= least) & (first <= most)
        return self._add_several(mask, lambda values: any(least <= n <= most for n in values))

    def extremes(self, alive: Mask) -> tuple[float, float] | None:
        """Return the smallest and largest number in the marked rows, or None if there are none."""
        first = resize(self._first, len(alive), np.nan)[alive]
        numbers = first[~np.isnan(first)].tolist()
        for row, values in self._several.items():
            if row < len(alive) and alive[row]:
                numbers += values
        return (min(numbers), max(numbers)) if numbers else None

    def _encode(self, values: Sequence[Any]) -> list[float]:
        numbers = [parse_number(value) for value in values if _is_number(value)]
        return [number for number in numbers if number is not None]

    def _sort_keys(self, encoded: Any) -> Keys:
        return np.array(encoded, np.float64)


class Terms(Column):
    """A column of words from a vocabulary (labels, names or ids), stored as codes."""

    def __init__(self) -> None:
        """Create an empty column."""
        super().__init__(-1, np.int32)
        self._code_of: dict[str, int] = {}
        self._ranks = np.empty(0)

    def isin(self, values: Sequence[str], n_rows: int) -> Mask:
        """Return a mask of the rows that contain one of the given words."""
        return self._isin([self._code_of[one] for one in values if one in self._code_of], n_rows)

    def between(self, low: Any, high: Any, n_rows: int) -> Mask:
        """Return a mask of the rows that contain a word between two words, in code point order."""
        codes = [
            code
            for name, code in self._code_of.items()
            if (low is None or name >= str(low)) and (high is None or name <= str(high))
        ]
        return self._isin(codes, n_rows)

    def counts(self, alive: Mask) -> dict[str, int]:
        """Count the rows in which each word occurs, among those that `alive` marks."""
        codes = resize(self._first, len(alive), -1)[alive]
        totals = np.bincount(codes[codes >= 0], minlength=len(self._code_of))
        for row, (first, *others) in self._several.items():
            if row < len(alive) and alive[row]:
                for code in set(others) - {first}:
                    totals[int(code)] += 1
        return {name: int(n) for name, n in zip(self._code_of, totals, strict=True) if n}

    def _encode(self, values: Sequence[Any]) -> list[float]:
        words = (value for value in values if isinstance(value, str))
        return [self._code_of.setdefault(word, len(self._code_of)) for word in words]

    def _sort_keys(self, encoded: Any) -> Keys:
        """Return the ranks of the words in code point order."""
        if len(self._ranks) != len(self._code_of):
            self._ranks = np.empty(len(self._code_of))
            self._ranks[[self._code_of[name] for name in sorted(self._code_of)]] = np.arange(
                len(self._code_of)
            )
        if not len(self._ranks):
            return np.full(len(encoded), np.nan)
        return np.where(encoded < 0, np.nan, self._ranks[encoded])


class Nothing(Terms):
    """A column that is always empty."""

    def put(self, row: int, value: Any) -> None:
        """Ignore the value."""


class Vectors:
    """A column of vectors of equal length, stored as unit vectors for cosine similarity."""

    def __init__(self, dimensions: int, n_rows: int) -> None:
        """Create an empty column for vectors with `dimensions` numbers and for `n_rows` rows."""
        # Space for twice the rows, because copying all vectors takes long. Unused zeros take no
        # memory.
        size = max(INITIAL_SIZE, 2 * n_rows)
        self._directions = np.zeros((size, dimensions), np.float32)
        self._present = np.zeros(size, np.bool_)

    def put(self, row: int, value: Sequence[float] | None) -> None:
        """Set a row to a vector or to None."""
        self._directions = grow(self._directions, row, 0.0)
        self._present = grow(self._present, row, False)
        self._present[row] = value is not None
        self._directions[row] = 0.0 if value is None else _normalize(value)

    def present(self, n_rows: int) -> Mask:
        """Mark which of the first `n_rows` rows have a vector."""
        mask: Mask = resize(self._present, n_rows, False)
        return mask

    def scores(self, value: Sequence[float], n_rows: int) -> Scores:
        """Return the similarity of each of the first `n_rows` rows to a vector.

        Similarity is (1 + cosine) / 2 and ranges from 0 to 1.
        """
        directions = self._directions[:n_rows]
        scores = np.full(n_rows, 0.5, np.float32)
        scores[: len(directions)] = (1.0 + directions @ _normalize(value)) / 2.0
        return scores


def parse_number(value: Any) -> float | None:
    """Convert a number, or a string that contains one, to a float; return None if that fails."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def grow(array: Any, row: int, empty: Any) -> Any:
    """Return the array if it is long enough to contain the row, or else a longer copy."""
    if row < len(array):
        return array
    longer = np.zeros((max(row + 1, 2 * len(array)), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    if empty:
        longer[len(array) :] = empty
    return longer


def resize(array: Any, n_rows: int, empty: Any) -> Any:
    """Return the first `n_rows` rows of an array, padded with empty rows if the array has fewer."""
    return grow(array, n_rows - 1, empty)[:n_rows] if n_rows else array[:0]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _normalize(value: Sequence[float]) -> Scores:
    """Scale a vector to unit length; a zero vector isn't changed."""
    vector = np.asarray(value, np.float64)
    length = np.linalg.norm(vector)
    return (vector / length if length else vector).astype(np.float32)

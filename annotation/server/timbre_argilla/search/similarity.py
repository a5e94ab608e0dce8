"""Vectors beside the records, and which of them are nearest to one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from timbre_argilla.search.columns import FIRST_SIZE, Mask, filled, grown

Scores = np.ndarray[Any, np.dtype[np.float32]]


class Vectors:
    """A column of vectors of one length, kept as directions: their lengths do not count."""

    def __init__(self, dimensions: int) -> None:
        """Start empty, for vectors of this length."""
        self._directions = np.zeros((FIRST_SIZE, dimensions), np.float32)
        self._present = np.zeros(FIRST_SIZE, np.bool_)

    def put(self, row: int, value: Sequence[float] | None) -> None:
        """Write a record's vector, or None."""
        self._directions = grown(self._directions, row, 0.0)
        self._present = grown(self._present, row, False)
        self._present[row] = value is not None
        self._directions[row] = 0.0 if value is None else direction(value)

    def present(self, rows: int) -> Mask:
        """Which of the first rows have a vector."""
        mask: Mask = filled(self._present, rows, False)
        return mask

    def scores(self, value: Sequence[float], rows: int) -> Scores:
        """How near the first rows are to a vector: (1 + cosine) / 2, so from 0 to 1."""
        here = self._directions[:rows]
        scores = np.full(rows, 0.5, np.float32)
        scores[: len(here)] = (1.0 + here @ direction(value)) / 2.0
        return scores


def direction(value: Sequence[float]) -> Scores:
    """The vector of length one that points where this one does; zeros point nowhere."""
    found = np.asarray(value, np.float64)
    length = np.linalg.norm(found)
    return (found / length if length else found).astype(np.float32)

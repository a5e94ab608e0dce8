"""How answers to each question compare: as names, as steps of a scale, or as sets."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from db.records import AnswerValue, Span

Matrix = npt.NDArray[np.float64]


class Level(StrEnum):
    """A level of measurement."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    SETS = "sets"


@dataclass(frozen=True)
class Scale:
    """A question's level of measurement; `order` lists the steps that have names, lowest first."""

    level: Level
    order: tuple[str, ...] = ()

    def domain(self, values: Iterable[AnswerValue]) -> list[Hashable]:
        """The different values that occur, in the scale's order."""
        found = {comparable(value) for value in values}
        if self.order:
            return [step for step in self.order if step in found]
        return sorted(found, key=lambda value: (str(type(value)), _sortable(value)))

    def penalties(self, domain: Sequence[Hashable]) -> Matrix:
        """How far apart every two values are, for κ: 0 for the same, squared steps, or Jaccard."""
        size = len(domain)
        if self.level is Level.SETS:
            return np.array([[jaccard_distance(a, b) for b in domain] for a in domain])
        if self.level is Level.NOMINAL:
            return np.ones((size, size)) - np.eye(size)
        steps = [self.order.index(str(v)) for v in domain] if self.order else domain
        places = np.array(steps, dtype=np.float64)
        return np.square(places[:, None] - places[None, :])


_NAMED = {
    "tone": Scale(Level.ORDINAL),
    "natural": Scale(Level.NOMINAL),
    "faithful": Scale(Level.ORDINAL, ("no", "partly", "yes")),
    "traits": Scale(Level.SETS),
    "reasons": Scale(Level.SETS),
    "wrong": Scale(Level.SETS),
    "decision": Scale(Level.NOMINAL),
    "preference": Scale(Level.ORDINAL, ("left", "tie", "right")),
}


def scale_of(question: str) -> Scale:
    """The scale of one of our questions; sides of a comparison have that of the question itself.

    A question that is not ours is compared by name alone, which never claims too much.
    """
    name = question.removesuffix("_left").removesuffix("_right")
    return _NAMED.get(name, Scale(Level.NOMINAL))


def comparable(value: AnswerValue) -> Hashable:
    """A value as it is compared: labels and spans as sets, whatever their order."""
    return frozenset(value) if isinstance(value, tuple) else value


def in_words(value: Hashable) -> str:
    """A compared value as people read it."""
    if isinstance(value, frozenset):
        return ", ".join(sorted(_label(item) for item in value)) or "nothing"
    return str(value)


def jaccard_distance(first: Any, second: Any) -> float:
    """One minus the shared part of two sets; two empty sets are the same."""
    together = first | second
    return 1 - len(first & second) / len(together) if together else 0.0


def _sortable(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(
            (v.label, v.start, v.end) if isinstance(v, Span) else (str(v), 0, 0) for v in value
        )
    return value


def _label(item: Any) -> str:
    return f"{item.label} {item.start}–{item.end}" if isinstance(item, Span) else str(item)

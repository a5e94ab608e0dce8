"""How answers to each question are compared: as names, as steps of a scale, or as sets."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from db.records import AnswerValue, Span

Matrix = npt.NDArray[np.float64]


class MeasurementLevel(StrEnum):
    """A level of measurement."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    SETS = "sets"


@dataclass(frozen=True)
class Scale:
    """A question's level of measurement, and its steps from lowest to highest.

    `order` lists named steps, `ratings` the values of a rating scale. Two steps are as far apart as
    the number of steps between them, whatever their values; without `ratings`, as their values.
    """

    level: MeasurementLevel
    order: tuple[str, ...] = ()
    ratings: tuple[int, ...] = ()

    def domain(self, values: Iterable[Hashable]) -> list[Hashable]:
        """The distinct comparable values that occur, in the scale's order."""
        distinct = set(values)
        if self.order:
            return [step for step in self.order if step in distinct]
        return sorted(distinct, key=lambda value: (str(type(value)), _sort_key(value)))

    def penalties(self, domain: Sequence[Hashable]) -> Matrix:
        """The disagreement weights of κ: 0 or 1, squared steps, or Jaccard distances."""
        size = len(domain)
        if self.level is MeasurementLevel.SETS:
            return np.array([[jaccard_distance(a, b) for b in domain] for a in domain])
        if self.level is MeasurementLevel.NOMINAL:
            return np.ones((size, size)) - np.eye(size)
        steps = [self.order.index(str(v)) for v in domain] if self.order else domain
        places = np.array(steps, dtype=np.float64)
        if self.ratings:
            # An answer from before the scale changed may lie between two steps.
            places = np.interp(places, self.ratings, np.arange(len(self.ratings)))
        return np.square(places[:, None] - places[None, :])


_SCALES = {
    "tone": Scale(MeasurementLevel.ORDINAL),
    "natural": Scale(MeasurementLevel.NOMINAL),
    "faithful": Scale(MeasurementLevel.ORDINAL, ("no", "partly", "yes")),
    "traits": Scale(MeasurementLevel.SETS),
    "reasons": Scale(MeasurementLevel.SETS),
    "wrong": Scale(MeasurementLevel.SETS),
    "decision": Scale(MeasurementLevel.NOMINAL),
    "preference": Scale(MeasurementLevel.ORDINAL, ("left", "tie", "right")),
}


def scale_of(question: str, ratings: Sequence[int] = ()) -> Scale:
    """The scale of a question; `tone_left` and `tone_right` have that of `tone`, and so on.

    `ratings` are the values of the tone's scale. Unknown questions are nominal, which is always
    valid.
    """
    name = question.removesuffix("_left").removesuffix("_right")
    scale = _SCALES.get(name, Scale(MeasurementLevel.NOMINAL))
    return replace(scale, ratings=tuple(ratings)) if name == "tone" else scale


def comparable(value: AnswerValue) -> Hashable:
    """A value in the form in which it's compared: labels and spans become sets."""
    return frozenset(value) if isinstance(value, tuple) else value


def format_answer(value: Hashable) -> str:
    """A comparable value as text for people."""
    if isinstance(value, frozenset):
        return ", ".join(sorted(_format_item(item) for item in value)) or "nothing"
    return str(value)


def jaccard_distance(first: Any, second: Any) -> float:
    """One minus the Jaccard similarity of two sets; 0 for two empty sets."""
    union = first | second
    return 1 - len(first & second) / len(union) if union else 0.0


def _sort_key(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(
            (v.label, v.start, v.end) if isinstance(v, Span) else (str(v), 0, 0) for v in value
        )
    return value


def _format_item(item: Any) -> str:
    return f"{item.label} {item.start}–{item.end}" if isinstance(item, Span) else str(item)

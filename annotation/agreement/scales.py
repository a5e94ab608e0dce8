"""How the answers to each question are compared: as labels, as steps on a scale, or as sets."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from db.records import AnswerValue, Span

Matrix = npt.NDArray[np.float64]


class MeasurementLevel(StrEnum):
    """The measurement level of the answers to a question."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    SETS = "sets"


@dataclass(frozen=True)
class Scale:
    """The measurement scale of a question: its level, and its steps from lowest to highest.

    `order` lists the steps of a scale whose steps have names, and `ratings` lists the values of a
    rating scale. Two ratings are compared by the number of steps between them, or by the difference
    of their values if `ratings` is empty.
    """

    level: MeasurementLevel
    order: tuple[str, ...] = ()
    ratings: tuple[int, ...] = ()

    def domain(self, values: Iterable[Hashable]) -> list[Hashable]:
        """Return the distinct answers in `values`, in the order of the scale."""
        distinct = set(values)
        if self.order:
            return [step for step in self.order if step in distinct]
        return sorted(distinct, key=lambda value: (str(type(value)), _sort_key(value)))

    def penalties(self, domain: Sequence[Hashable]) -> Matrix:
        """Return a matrix of the distances between all pairs of answers in `domain`.

        A distance is 0 or 1 for labels, the squared number of steps for ordinal answers, and the
        Jaccard distance for sets.
        """
        size = len(domain)
        if self.level is MeasurementLevel.SETS:
            return np.array([[jaccard_distance(a, b) for b in domain] for a in domain])
        if self.level is MeasurementLevel.NOMINAL:
            return np.ones((size, size)) - np.eye(size)
        steps = [self.order.index(str(v)) for v in domain] if self.order else domain
        places = np.array(steps, dtype=np.float64)
        if self.ratings:
            # An answer that is older than the current scale may lie between two steps.
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
    """Return the measurement scale of a question.

    In comparisons, the questions `tone_left` and `tone_right` have the same scale as `tone`.
    `ratings` lists the values of the tone scale. Questions without a known scale are treated as
    nominal, which makes no assumptions about the answers.
    """
    name = question.removesuffix("_left").removesuffix("_right")
    scale = _SCALES.get(name, Scale(MeasurementLevel.NOMINAL))
    return replace(scale, ratings=tuple(ratings)) if name == "tone" else scale


def comparable(value: AnswerValue) -> Hashable:
    """Convert an answer to a comparable value: several labels or spans become a set."""
    return frozenset(value) if isinstance(value, tuple) else value


def format_answer(value: Hashable) -> str:
    """Format an answer as readable text."""
    if isinstance(value, frozenset):
        return ", ".join(sorted(_format_item(item) for item in value)) or "nothing"
    return str(value)


def jaccard_distance(first: Any, second: Any) -> float:
    """Return one minus the Jaccard similarity of two sets, or 0 for two empty sets."""
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

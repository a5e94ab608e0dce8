"""Judge cards: how far an automatic measure can stand in for the labels of others.

A judge that says nearly the same of everything tells nothing apart, however often it agrees; it
is called useless. Kappa: J. Cohen, Educational and Psychological Measurement 20 (1960) 37-46.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.records import Interval, digest
from evaluation.errors import EvaluationError
from evaluation.statistics import RESAMPLING, TAIL, Resampling, cliffs_delta, wilson

_SATURATED = 0.95


@dataclass(frozen=True)
class JudgeCard:
    """What is known of a judge, against labels it was not made from.

    `auc` is None where no scores were handed in or one class is missing; `recall`, `precision` and
    `false_alarms` are None where they have nothing to count. `fingerprint` is the hash of what the
    judge is and of what it was asked: a card holds for that judge and that rubric alone.
    """

    name: str
    labels_by: str
    n: int
    positive: int
    accuracy: Interval
    precision: Interval | None
    recall: Interval | None
    kappa: Interval
    auc: float | None
    saturated: bool
    false_alarms: Interval | None = None
    fingerprint: str = ""

    @property
    def base_rate(self) -> float:
        """The share of the labels that are positive."""
        return self.positive / self.n

    @property
    def constant_guess(self) -> float:
        """How often a judge would be right that always says what the labels mostly say."""
        return max(self.base_rate, 1 - self.base_rate)

    def diagnostic_only(self, threshold: float) -> bool:
        """Whether it is too weak to decide anything: the lower end of its kappa is under this."""
        return self.saturated or self.kappa.low < threshold

    @property
    def sentence(self) -> str:
        """The card's finding as people read it."""
        if self.saturated:
            return (
                f"{self.name} says the same of nearly all {self.n} texts and is useless here: "
                "it tells nothing apart."
            )
        low, high = self.kappa.low, self.kappa.high
        worth = "agrees beyond chance" if low > 0 else "was not shown to agree beyond chance"
        return (
            f"{self.name} {worth} with the labels by {self.labels_by} of {self.n} texts: kappa "
            f"{self.kappa.estimate:.2f} ({low:.2f} to {high:.2f})."
        )


@dataclass(frozen=True)
class Predictions:
    """A judge's calls on texts, beside labels: `scores` where it gives more than yes and no."""

    calls: Sequence[bool]
    labels: Sequence[bool]
    scores: Sequence[float] | None = None


def judge_card(
    name: str,
    judged: Predictions,
    labels_by: str,
    resampling: Resampling = RESAMPLING,
    definition: str = "",
) -> JudgeCard:
    """The card of a judge on held-out labels; `definition` is the judge's and the rubric's own.

    Raises `EvaluationError` if there are no labels, or not one for each call.
    """
    calls, labels = np.asarray(judged.calls, dtype=bool), np.asarray(judged.labels, dtype=bool)
    if not len(labels) or len(calls) != len(labels):
        raise EvaluationError(
            f"found {len(calls)} calls and {len(labels)} labels, expected one label for each call; "
            "label the same texts"
        )
    hits, right = int((calls & labels).sum()), int((calls == labels).sum())
    return JudgeCard(
        name=name,
        labels_by=labels_by,
        n=len(labels),
        positive=int(labels.sum()),
        accuracy=wilson(right, len(labels)),
        precision=wilson(hits, int(calls.sum())) if calls.any() else None,
        recall=wilson(hits, int(labels.sum())) if labels.any() else None,
        kappa=_kappa_interval(calls, labels, resampling),
        auc=_auc(judged, labels),
        saturated=is_saturated(judged.calls),
        false_alarms=_false_alarms(calls, labels),
        fingerprint=digest(definition) if definition else "",
    )


def is_saturated(calls: Sequence[bool]) -> bool:
    """Whether a judge says the same of nearly all texts, and so tells nothing apart."""
    share = sum(calls) / len(calls)
    return max(share, 1 - share) >= _SATURATED


def _false_alarms(calls: NDArray[np.bool_], labels: NDArray[np.bool_]) -> Interval | None:
    negative = int((~labels).sum())
    return wilson(int((calls & ~labels).sum()), negative) if negative else None


def _auc(judged: Predictions, labels: NDArray[np.bool_]) -> float | None:
    """Chance that a positive text scores above a negative one, ties half (Mann-Whitney)."""
    if judged.scores is None or labels.all() or not labels.any():
        return None
    scores = np.asarray(judged.scores, dtype=float)
    return (cliffs_delta(scores[labels].tolist(), scores[~labels].tolist()) + 1) / 2


def _kappa_interval(
    calls: NDArray[np.bool_], labels: NDArray[np.bool_], resampling: Resampling
) -> Interval:
    cells = np.bincount(2 * calls + labels, minlength=4).astype(float)
    random = np.random.default_rng(resampling.seed)
    drawn = random.multinomial(len(calls), cells / len(calls), size=resampling.samples)
    low, high = np.quantile(_kappa(drawn.astype(float)), [TAIL, 1 - TAIL])
    middle = float(_kappa(cells[None, :])[0])
    return Interval(min(float(low), middle), middle, max(float(high), middle))


def _kappa(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cohen's kappa of rows of counts (no-no, no-yes, yes-no, yes-yes); 0 where undefined."""
    total = cells.sum(axis=1)
    observed = (cells[:, 0] + cells[:, 3]) / total
    said, true = (cells[:, 2] + cells[:, 3]) / total, (cells[:, 1] + cells[:, 3]) / total
    chance = said * true + (1 - said) * (1 - true)
    room = np.where(chance < 1, 1 - chance, 1.0)
    return np.asarray(np.where(chance < 1, (observed - chance) / room, 0.0))


def describe_kinds(kinds: Sequence[str]) -> str:
    """Kinds of reviewer in words: people, written rules."""
    words = {"person": "people", "rule": "written rules"}
    return " and ".join(words.get(kind, kind) for kind in kinds) or "nobody"

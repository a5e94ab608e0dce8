"""Judge cards are reports of how well a scorer (rule, measure or LLM judge) predicts human labels.

A scorer that gives nearly every text the same label can't distinguish texts, so its card calls it
useless even if it often agrees with the reviewers. A card reports Cohen's kappa, as defined in
Cohen, Educational and Psychological Measurement 20 (1960) 37-46.
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
class Predictions:
    """A scorer's yes-or-no predictions, the true labels, and numeric scores if it computes any."""

    predicted: Sequence[bool]
    labels: Sequence[bool]
    scores: Sequence[float] | None = None


@dataclass(frozen=True)
class JudgeCard:
    """How well a scorer predicts labels that it wasn't fitted to.

    `auc` is None if there are no scores or all labels are the same. `recall`, `precision` and
    `false_alarms` are None if their denominator is zero. `fingerprint` is a hash of the definition
    and rubric for which the card is valid.
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
        """The share of texts with a positive label."""
        return self.positive / self.n

    @property
    def constant_guess(self) -> float:
        """The accuracy of always predicting the most common label."""
        return max(self.base_rate, 1 - self.base_rate)

    @property
    def kappa_text(self) -> str:
        """Format kappa with its interval, such as `0.41 (0.30 to 0.52)`."""
        return f"{self.kappa.estimate:.2f} ({self.kappa.low:.2f} to {self.kappa.high:.2f})"

    def diagnostic_only(self, threshold: float) -> bool:
        """Whether nearly all predictions are equal or the lower bound of kappa is too low."""
        return self.saturated or self.kappa.low < threshold

    @property
    def sentence(self) -> str:
        """Summarise in a sentence how well the scorer agrees with the labels."""
        if self.saturated:
            return (
                f"{self.name} gives nearly all {self.n} texts the same label, so it can't tell "
                "them apart and is useless here."
            )
        conclusion = "may agree only by chance"
        if self.kappa.low > 0:
            conclusion = "agrees"
        elif self.kappa.high < 0:
            conclusion = "disagrees"
        kappa = (self.kappa.estimate, self.kappa.low, self.kappa.high)
        estimate, low, high = (f"{value:.2f}".replace("-", "−") for value in kappa)
        return (
            f"{self.name} {conclusion} with the labels of {self.n} texts by {self.labels_by} "
            f"(kappa {estimate}, 95 % interval {low} to {high})."
        )


def judge_card(
    name: str,
    predictions: Predictions,
    labels_by: str,
    resampling: Resampling = RESAMPLING,
    definition: str = "",
) -> JudgeCard:
    """Test a scorer on held-out labels, and return its judge card.

    `definition` describes the scorer and its rubric.

    Raises `EvaluationError` if there are no labels, or if the numbers of labels and predictions
    differ.
    """
    calls = np.asarray(predictions.predicted, dtype=bool)
    labels = np.asarray(predictions.labels, dtype=bool)
    if not len(labels) or len(calls) != len(labels):
        raise EvaluationError(
            f"A judge card needs one label for each prediction, but there are {len(calls)} "
            f"predictions and {len(labels)} labels. Use the same texts for both."
        )
    hits, right = int((calls & labels).sum()), int((calls == labels).sum())
    return JudgeCard(
        name=name,
        labels_by=labels_by,
        n=len(labels),
        positive=int(labels.sum()),
        accuracy=wilson(right, len(labels)),
        precision=_rate(hits, calls),
        recall=_rate(hits, labels),
        kappa=_kappa_interval(calls, labels, resampling),
        auc=_auc(predictions.scores, labels),
        saturated=is_saturated(predictions.predicted),
        false_alarms=_rate(int((calls & ~labels).sum()), ~labels),
        fingerprint=digest(definition) if definition else "",
    )


def is_saturated(predicted: Sequence[bool]) -> bool:
    """Whether a scorer gives at least 95 % of the texts the same label."""
    share = sum(predicted) / len(predicted)
    return max(share, 1 - share) >= _SATURATED


def describe_kinds(kinds: Sequence[str]) -> str:
    """Format a list of reviewer kinds as text, such as `people and written rules`."""
    words = {"person": "people", "rule": "written rules"}
    return " and ".join(words.get(kind, kind) for kind in kinds) or "nobody"


def _rate(count: int, among: NDArray[np.bool_]) -> Interval | None:
    return wilson(count, int(among.sum())) if among.any() else None


def _auc(scores: Sequence[float] | None, labels: NDArray[np.bool_]) -> float | None:
    """The probability that a positive text outscores a negative one; ties count as half."""
    if scores is None or labels.all() or not labels.any():
        return None
    values = np.asarray(scores, dtype=float)
    return (cliffs_delta(values[labels].tolist(), values[~labels].tolist()) + 1) / 2


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
    """Compute Cohen's kappa for each row of counts (no-no, no-yes, yes-no, yes-yes).

    Returns 0 where kappa is undefined. The function in scikit-learn isn't used here, because
    calling it for each of thousands of resampled tables is too slow.
    """
    total = cells.sum(axis=1)
    observed = (cells[:, 0] + cells[:, 3]) / total
    predicted, true = (cells[:, 2] + cells[:, 3]) / total, (cells[:, 1] + cells[:, 3]) / total
    chance = predicted * true + (1 - predicted) * (1 - true)
    is_defined = chance < 1
    return np.asarray(
        np.where(is_defined, (observed - chance) / np.where(is_defined, 1 - chance, 1), 0)
    )

"""Compute Krippendorff's α and weighted κ for many tables at once, with bootstrap intervals.

The formulas are from Krippendorff (2018), Content Analysis, chapter 12, and Cohen (1968), Weighted
kappa. The intervals come from a percentile bootstrap that resamples records. All bootstrap samples
are computed in one array operation, because one library call per sample would be too slow.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from annotation.agreement.scales import Matrix, MeasurementLevel, Scale
from db.records import Interval


@dataclass(frozen=True)
class Undefined:
    """The reason why an agreement coefficient can't be computed."""

    reason: str


Coefficient: TypeAlias = Interval | Undefined


@dataclass(frozen=True)
class Bootstrap:
    """The bootstrap settings: the number of samples, the seed and the confidence level."""

    draws: int = 2000
    seed: int = 0
    confidence: float = 0.95


def alphas(coincidences: Matrix, domain: Sequence[Hashable], scale: Scale) -> Matrix:
    """Compute Krippendorff's α for each coincidence matrix in an array of shape (…, V, V).

    α is NaN for a matrix in which all answers are equal.
    """
    marginal = coincidences.sum(axis=-1)
    total = marginal.sum(axis=-1)
    expected = marginal[..., :, None] * marginal[..., None, :] - diagonals(marginal)
    is_ordinal = scale.level is MeasurementLevel.ORDINAL
    distance = _ordinal_distances(marginal) if is_ordinal else scale.penalties(domain)
    observed_sum = (coincidences * distance).sum(axis=(-2, -1))
    expected_sum = (expected * distance).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - (total - 1) * observed_sum / expected_sum, dtype=np.float64)


def _ordinal_distances(marginal: Matrix) -> Matrix:
    """Compute Krippendorff's ordinal distance for each pair of values.

    To get the distance between two values, count the answers that lie between them, add half of the
    answers at each of the two values, and square the sum.
    """
    ends = np.cumsum(marginal, axis=-1) - marginal / 2
    return np.asarray(np.square(ends[..., :, None] - ends[..., None, :]), dtype=np.float64)


def diagonals(rows: Matrix) -> Matrix:
    """Convert each vector in an array of shape (…, V) to a diagonal matrix of shape (V, V)."""
    return np.asarray(rows[..., :, None] * np.eye(rows.shape[-1]), dtype=np.float64)


def kappas(tables: Matrix, penalties: Matrix) -> Matrix:
    """Compute Cohen's weighted κ for each contingency table in an array of shape (…, V, V).

    If no disagreement would be expected even by chance, κ is NaN.
    """
    total = tables.sum(axis=(-2, -1))
    chance = tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :]
    observed = (tables * penalties).sum(axis=(-2, -1)) / total
    expected = (chance * penalties).sum(axis=(-2, -1)) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - observed / expected, dtype=np.float64)


def bootstrap_interval(
    tables: Matrix, coefficient: Callable[[Matrix], Matrix], plan: Bootstrap
) -> Coefficient:
    """Compute a coefficient over all records, with a bootstrap confidence interval.

    `tables` contains one table per record, and the coefficient is computed from their sum. Each
    bootstrap sample is drawn as counts of distinct tables, which is faster than drawing single
    records and gives the same distribution.
    """
    kinds, numbers = np.unique(tables.reshape(len(tables), -1), axis=0, return_counts=True)
    draws = np.random.default_rng(plan.seed).multinomial(
        len(tables), numbers / numbers.sum(), size=plan.draws
    )
    shape = tables.shape[1:]
    resampled = coefficient((draws @ kinds).reshape(-1, *shape))
    defined = resampled[~np.isnan(resampled)]
    if len(defined) < 0.9 * plan.draws:
        return Undefined(
            f"the answers to {len(tables)} records vary so little that many bootstrap samples "
            "don't vary at all"
        )
    low, high = np.quantile(defined, [(1 - plan.confidence) / 2, (1 + plan.confidence) / 2])
    estimate = coefficient((numbers @ kinds).reshape(1, *shape))[0]
    return Interval(float(low), float(estimate), float(high))

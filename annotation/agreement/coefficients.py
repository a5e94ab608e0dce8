"""Compute Krippendorff's α and weighted κ for many tables at once, with bootstrap intervals.

Krippendorff, K. (2018), Content Analysis, chapter 12; Cohen, J. (1968), Weighted kappa. Intervals
are percentile bootstraps over records, because records are the sampling unit. All draws are
computed in one array operation, because one library call per draw would be too slow.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from annotation.agreement.scales import Matrix, MeasurementLevel, Scale
from db.records import Interval


@dataclass(frozen=True)
class Undefined:
    """A coefficient that can't be computed, together with the reason."""

    reason: str


Coefficient: TypeAlias = Interval | Undefined


@dataclass(frozen=True)
class Bootstrap:
    """The bootstrap settings: the number of draws, the seed and the confidence level."""

    draws: int = 2000
    seed: int = 0
    confidence: float = 0.95


def alphas(coincidences: Matrix, domain: Sequence[Hashable], scale: Scale) -> Matrix:
    """Compute α for each coincidence matrix in a stack (…, V, V).

    α is NaN if all answers are equal.
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
    """Compute Krippendorff's ordinal distance between any two values.

    To compute the distance, count the answers between the two values, add half of the answers at
    either value, and square the sum.
    """
    ends = np.cumsum(marginal, axis=-1) - marginal / 2
    return np.asarray(np.square(ends[..., :, None] - ends[..., None, :]), dtype=np.float64)


def diagonals(rows: Matrix) -> Matrix:
    """Convert each row of a stack (…, V) to a diagonal matrix (…, V, V)."""
    return np.asarray(rows[..., :, None] * np.eye(rows.shape[-1]), dtype=np.float64)


def kappas(tables: Matrix, penalties: Matrix) -> Matrix:
    """Compute κ for each table in a stack (…, V, V), or NaN if the expected disagreement is 0."""
    total = tables.sum(axis=(-2, -1))
    chance = tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :]
    observed = (tables * penalties).sum(axis=(-2, -1)) / total
    expected = (chance * penalties).sum(axis=(-2, -1)) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - observed / expected, dtype=np.float64)


def bootstrap_interval(
    tables: Matrix, coefficient: Callable[[Matrix], Matrix], plan: Bootstrap
) -> Coefficient:
    """Compute a coefficient from the sum of all tables, with a bootstrap interval over records.

    Records with identical tables are resampled together by drawing their count, which is faster
    than drawing each record and gives the same distribution.
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

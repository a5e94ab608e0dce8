"""Confidence intervals, paired comparisons and effect sizes.

A comparison with a bound is undecided if the interval contains the bound, regardless of the
estimate. Sources: Wilson, JASA 22 (1927) 209-212 (interval of a rate); Newcombe, Statistics in
Medicine 17 (1998) 2635-2650, method 10 (interval of a difference of paired rates); Efron, Annals of
Statistics 7 (1979) 1-26 (bootstrap); Holm, Scandinavian Journal of Statistics 6 (1979) 65-70;
Cliff, Psychological Bulletin 114 (1993) 494-509 (delta).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from math import ceil, sqrt
from statistics import NormalDist, fmean, stdev

import numpy as np
from numpy.typing import NDArray

from db.records import Interval
from evaluation.errors import EvaluationError

_EXACT_UP_TO = 14
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


class Outcome(StrEnum):
    """The position of an interval relative to a bound: above it, below it, or undecided."""

    HIGHER = "higher"
    LOWER = "lower"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Resampling:
    """The number of bootstrap samples and the random seed."""

    samples: int = 5_000
    seed: int = 0


RESAMPLING = Resampling()
TAIL = 0.025
"""The probability in each tail, because all intervals are 95 % intervals."""


def outcome(interval: Interval, bound: float = 0.0) -> Outcome:
    """Decide whether an interval lies above or below a bound, or contains it (undecided)."""
    if interval.low > bound:
        return Outcome.HIGHER
    return Outcome.LOWER if interval.high < bound else Outcome.UNDECIDED


def more_to_decide(n: int, difference: Interval) -> int | None:
    """Estimate how many more pairs would move an undecided interval away from 0.

    The estimate assumes that the difference stays the same and that the interval's width shrinks
    with the square root of the number of pairs. Returns None if the difference is 0.
    """
    estimate = abs(difference.estimate)
    if not estimate:
        return None
    facing_zero = difference.low if difference.estimate > 0 else difference.high
    width = abs(difference.estimate - facing_zero)
    return max(1, ceil(n * (width / estimate) ** 2) - n)


def is_non_inferior(difference: Interval, margin: float) -> bool:
    """Return whether a difference's interval rules out a loss of `margin` or more.

    Choose the margin before you see the results.
    """
    return difference.low > -margin


def wilson(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Compute Wilson's score interval for a rate; a tie may count as half a success.

    Raises `EvaluationError` if there are no trials or `successes` isn't between 0 and `n`.
    """
    if n < 1 or not 0 <= successes <= n:
        raise EvaluationError(
            "A rate needs at least one trial and no more successes than trials, but there are "
            f"{successes:g} successes in {n} trials. Check that the outputs were measured."
        )
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = successes / n
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    return Interval(max(0.0, min(centre - half, rate)), rate, min(1.0, max(centre + half, rate)))


def paired_rates(a: Sequence[bool], b: Sequence[bool], confidence: float = 0.95) -> Interval:
    """Compute the difference a − b of two rates on the same prompts (Newcombe's method 10).

    Unlike a bootstrap interval, Newcombe's interval doesn't collapse to a point if all prompts
    agree.
    """
    _check_paired(a, b)
    n = len(a)
    first, second = (wilson(sum(map(bool, side)), n, confidence) for side in (a, b))
    both = sum(bool(x) and bool(y) for x, y in zip(a, b, strict=True))
    phi = _phi(both, sum(map(bool, a)), sum(map(bool, b)), n)
    return _rate_difference(first, second, phi)


def _rate_difference(first: Interval, second: Interval, phi: float) -> Interval:
    """Compute the interval for the difference between two rates whose correlation is `phi`."""
    down_a, up_a = first.estimate - first.low, first.high - first.estimate
    down_b, up_b = second.estimate - second.low, second.high - second.estimate
    difference = first.estimate - second.estimate
    down = sqrt(max(0.0, down_a**2 - 2 * phi * down_a * up_b + up_b**2))
    up = sqrt(max(0.0, up_a**2 - 2 * phi * up_a * down_b + down_b**2))
    return Interval(max(-1.0, difference - down), difference, min(1.0, difference + up))


def paired_shares(
    a: Sequence[float], b: Sequence[float], clusters: Sequence[str] | None = None
) -> Interval:
    """Compute the difference a − b of two shares on the same prompts.

    If every value is 0 or 1, the interval is computed with Newcombe's method; otherwise, it is
    computed with the bootstrap. If all differences are equal, the bootstrap interval would collapse
    to a point, so the function uses Newcombe's method with a correlation of 0, which gives a
    sufficiently wide interval.
    """
    if {*a, *b} <= {0.0, 1.0}:
        return paired_rates([x > 0 for x in a], [x > 0 for x in b])
    interval = paired_bootstrap(a, b, clusters)
    if interval.low < interval.high:
        return interval
    return _rate_difference(wilson(sum(a), len(a)), wilson(sum(b), len(b)), 0.0)


def _phi(both: int, a: int, b: int, n: int) -> float:
    """Newcombe's correlation of two paired outcomes, with his continuity correction."""
    margins = a * (n - a) * b * (n - b)
    if margins == 0:
        return 0.0
    cross = both * (n - a - b + both) - (a - both) * (b - both)
    return (max(cross - n / 2, 0) if cross > 0 else cross) / sqrt(margins)


def mean_interval(
    values: Sequence[float],
    clusters: Sequence[str] | None = None,
    resampling: Resampling = RESAMPLING,
) -> Interval:
    """Compute a mean and its expanded percentile bootstrap interval (Hesterberg 2015, section 5.2).

    Plain percentile intervals are too narrow for small samples. Expanded intervals are widened to
    account for Student's t and for the factor n / (n − 1) that is missing from the variance of a
    resample.

    `clusters` names the cluster of each value, such as the article of its prompt. Whole clusters
    are resampled, so similar values within a cluster don't make the interval too narrow.
    """
    numbers = np.asarray(values, dtype=float)
    if numbers.size == 0:
        raise EvaluationError("There are no values to average. Measure at least one output first.")
    means = _resampled_means(numbers, clusters, resampling)
    tail = _expanded_tail(numbers.size if clusters is None else len(set(clusters)))
    low, high = np.quantile(means, [tail, 1 - tail])
    mean = float(numbers.mean())
    return Interval(min(float(low), mean), mean, max(float(high), mean))


def _expanded_tail(drawn: int) -> float:
    if drawn < 2:
        return TAIL
    return NormalDist().cdf(-sqrt(drawn / (drawn - 1)) * _student(drawn - 1))


def _resampled_means(
    numbers: NDArray[np.float64], clusters: Sequence[str] | None, resampling: Resampling
) -> NDArray[np.float64]:
    labels = clusters if clusters is not None else range(len(numbers))
    _, index = np.unique(np.asarray(labels), return_inverse=True)
    sizes = np.bincount(index).astype(float)
    sums = np.bincount(index, weights=numbers)
    random = np.random.default_rng(resampling.seed)
    drawn = random.multinomial(
        len(sizes), np.full(len(sizes), 1 / len(sizes)), size=resampling.samples
    ).astype(float)
    return np.asarray((drawn @ sums) / (drawn @ sizes))


def paired_bootstrap(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[str] | None = None,
    resampling: Resampling = RESAMPLING,
) -> Interval:
    """Compute the mean difference a − b on the same prompts, with a bootstrap interval."""
    _check_paired(a, b)
    return mean_interval(np.subtract(a, b).tolist(), clusters, resampling)


def over_seeds(by_seed: Mapping[int, Sequence[float]]) -> Interval:
    """Compute a rate over several seeds, with a Student interval for the variation between runs.

    The interval is computed from one mean per seed. A bootstrap would understate the variation
    between runs, because its interval never extends beyond the observed values.

    Raises `EvaluationError` if there are fewer than two seeds.
    """
    if len(by_seed) < 2:
        raise EvaluationError(
            f"An interval over seeds needs at least 2 seeds, but there are only {len(by_seed)}. "
            "Train with another seed."
        )
    means = [fmean(by_seed[seed]) for seed in sorted(by_seed)]
    middle = fmean(means)
    side = _student(len(means) - 1) * stdev(means) / sqrt(len(means))
    return Interval(max(0.0, middle - side), middle, min(1.0, middle + side))


def _student(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t, approximated above 10 degrees of freedom."""
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z = NormalDist().inv_cdf(0.975)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def sign_flip_p(
    a: Sequence[float], b: Sequence[float], resampling: Resampling = RESAMPLING
) -> float:
    """Compute the two-sided p-value of a paired difference with a sign-flip permutation test.

    With up to 14 non-zero differences, every sign pattern is tried; if all values are 0 or 1, the
    result equals McNemar's exact test. With more than 14 non-zero differences, `samples` random
    sign patterns are tried.
    """
    _check_paired(a, b)
    gaps = np.subtract(a, b).astype(float)
    gaps = gaps[gaps != 0]
    if gaps.size == 0:
        return 1.0
    observed = abs(gaps.sum()) - 1e-12
    if gaps.size <= _EXACT_UP_TO:
        signs = np.array(list(product((1.0, -1.0), repeat=gaps.size)))
        return float((np.abs(signs @ gaps) >= observed).mean())
    random = np.random.default_rng(resampling.seed)
    signs = random.choice((1.0, -1.0), size=(resampling.samples, gaps.size))
    hits = int((np.abs(signs @ gaps) >= observed).sum())
    return (hits + 1) / (resampling.samples + 1)


def cliffs_delta(a: Sequence[float], b: Sequence[float]) -> float:
    """Cliff's delta, from −1 to 1: P(x > y) − P(x < y) for random values x of `a` and y of `b`."""
    if not len(a) or not len(b):
        raise EvaluationError(
            "The arms can't be compared because one of them has no values. Measure both arms first."
        )
    ordered = np.sort(np.asarray(b, dtype=float))
    above = np.searchsorted(ordered, a, side="left").sum()
    below = (len(ordered) - np.searchsorted(ordered, a, side="right")).sum()
    return float(above - below) / (len(a) * len(b))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust the p-values of a family of comparisons, keyed by name, with Holm's method."""
    adjusted: dict[str, float] = {}
    running = 0.0
    ordered = sorted(p_values.items(), key=lambda item: (item[1], item[0]))
    for rank, (name, p) in enumerate(ordered):
        running = max(running, min(1.0, (len(ordered) - rank) * p))
        adjusted[name] = running
    return {name: adjusted[name] for name in p_values}


def _check_paired(a: Sequence[float], b: Sequence[float]) -> None:
    if len(a) != len(b) or not len(a):
        raise EvaluationError(
            "A paired comparison needs one value per prompt from both arms, but they have "
            f"{len(a)} and {len(b)} values. Compare outputs for the same prompts."
        )

"""Estimate which arm reviewers prefer, based on their reviews of blind comparisons.

A tie counts as half a win for each arm. Strengths follow Bradley and Terry, Biometrika 39 (1952)
324-345, and are fitted with the iteration of Hunter, Annals of Statistics 32 (2004) 384-406.
Reviews of the same comparison aren't independent, so the unit for counting and resampling is the
comparison.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from db.records import Interval, Review, ReviewerKind, ReviewStatus
from evaluation.statistics import RESAMPLING, TAIL, Resampling, wilson

_ROUNDS = 200
_PRIOR = 0.5


class VoteChoice(StrEnum):
    """A reviewer's choice between A (left) and B (right)."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"


@dataclass(frozen=True)
class Sides:
    """The arms on the left and right of a comparison; reviewers don't see which is which."""

    left: str
    right: str


@dataclass(frozen=True)
class Vote:
    """One reviewer's choice in a comparison, and which arm was on which side."""

    comparison: str
    reviewer: str
    kind: ReviewerKind
    sides: Sides
    choice: VoteChoice

    def score(self, arm: str) -> float:
        """Return an arm's score in this vote: 1 if it was preferred, ½ for a tie, 0 if it lost."""
        if self.choice is VoteChoice.TIE:
            return 0.5
        preferred = self.sides.left if self.choice is VoteChoice.LEFT else self.sides.right
        return float(preferred == arm)


@dataclass(frozen=True)
class WinRate:
    """How often reviewers preferred the first arm to the second, counting ties as half a win."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    comparisons: int
    rate: Interval


@dataclass(frozen=True)
class Strength:
    """The Bradley–Terry strength of an arm, in log-odds relative to an average arm."""

    arm: str
    score: Interval


@dataclass(frozen=True)
class Preferences:
    """A summary of votes; `left_rate` is far from ½ if an answer's position influences votes."""

    votes: int
    kinds: tuple[str, ...]
    win_rates: tuple[WinRate, ...]
    strengths: tuple[Strength, ...]
    left_rate: Interval


def read_votes(reviews: Iterable[Review], sides: Mapping[str, Sides]) -> Iterator[Vote]:
    """Read votes from submitted reviews; `sides` maps each comparison's id to its two arms."""
    choices = {choice.value for choice in VoteChoice}
    for review in reviews:
        answer = review.answer("preference")
        is_submitted = review.status is ReviewStatus.SUBMITTED
        if is_submitted and review.subject in sides and answer in choices:
            yield Vote(
                comparison=review.subject,
                reviewer=review.reviewer,
                kind=review.reviewer_kind,
                sides=sides[review.subject],
                choice=VoteChoice(str(answer)),
            )


def summarise_votes(
    cast: Iterable[Vote], resampling: Resampling = RESAMPLING
) -> Preferences | None:
    """Summarise votes as win rates, strengths, and the rate at which the left answer won.

    Returns None if there are no votes.
    """
    counted = sorted(cast, key=lambda vote: (vote.comparison, vote.reviewer))
    if not counted:
        return None
    return Preferences(
        votes=len(counted),
        kinds=tuple(sorted({vote.kind.value for vote in counted})),
        win_rates=win_rates(counted),
        strengths=bradley_terry(counted, resampling),
        left_rate=_left_rate(counted),
    )


def win_rates(cast: Sequence[Vote]) -> tuple[WinRate, ...]:
    """Compute the win rate for each pair of arms, with the names in a pair sorted alphabetically.

    The Wilson interval is computed over comparisons, each scored by the mean of its votes. Because
    a tie counts as half a win, the interval is wider than necessary. Each comparison counts once,
    so several votes on it don't make the interval too narrow.
    """
    pairs: dict[tuple[str, str], list[Vote]] = defaultdict(list)
    for vote in cast:
        pairs[_pair(vote)].append(vote)
    return tuple(_win_rate(first, second, each) for (first, second), each in sorted(pairs.items()))


def _win_rate(first: str, second: str, cast: list[Vote]) -> WinRate:
    scores = [vote.score(first) for vote in cast]
    means = _by_comparison((vote.comparison, vote.score(first)) for vote in cast)
    return WinRate(
        first=first,
        second=second,
        wins=scores.count(1.0),
        losses=scores.count(0.0),
        ties=scores.count(0.5),
        comparisons=len(means),
        rate=wilson(sum(means), len(means)),
    )


def _left_rate(cast: Sequence[Vote]) -> Interval:
    values = {VoteChoice.LEFT: 1.0, VoteChoice.TIE: 0.5, VoteChoice.RIGHT: 0.0}
    means = _by_comparison((vote.comparison, values[vote.choice]) for vote in cast)
    return wilson(sum(means), len(means))


def _by_comparison(scored: Iterable[tuple[str, float]]) -> list[float]:
    grouped: dict[str, list[float]] = defaultdict(list)
    for comparison, score in scored:
        grouped[comparison].append(score)
    return [sum(scores) / len(scores) for scores in grouped.values()]


def _pair(vote: Vote) -> tuple[str, str]:
    first, second = sorted((vote.sides.left, vote.sides.right))
    return first, second


def bradley_terry(
    cast: Sequence[Vote], resampling: Resampling = RESAMPLING
) -> tuple[Strength, ...]:
    """Estimate the strength of each arm with a bootstrap interval.

    The arms are sorted by strength, strongest first. The bootstrap resamples whole comparisons with
    all of their votes.

    To keep strengths finite for arms that never lost or were never compared, half a win in each
    direction is added for every pair of arms as a prior. The prior shrinks estimates from small
    samples towards equality.
    """
    if not cast:
        return ()
    arms = sorted({arm for vote in cast for arm in _pair(vote)})
    wins = _wins_by_comparison(cast, arms)
    prior = _PRIOR * (1 - np.eye(len(arms)))
    count = len(wins)
    random = np.random.default_rng(resampling.seed)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=resampling.samples)
    weights = np.vstack([np.ones((1, count)), drawn])
    tables = np.tensordot(weights, wins, axes=1) + prior
    scores = _fit(tables)
    low, high = np.quantile(scores[1:], [TAIL, 1 - TAIL], axis=0)
    strengths = [
        Strength(arm, Interval(min(float(low[i]), middle), middle, max(float(high[i]), middle)))
        for i, arm in enumerate(arms)
        for middle in [float(scores[0, i])]
    ]
    return tuple(sorted(strengths, key=lambda strength: -strength.score.estimate))


def _wins_by_comparison(cast: Sequence[Vote], arms: list[str]) -> NDArray[np.float64]:
    """Count how often arm i beat arm j in comparison c, as an array [c, i, j].

    A tie counts as half a win for each arm.
    """
    place = {arm: i for i, arm in enumerate(arms)}
    rows = {name: c for c, name in enumerate(dict.fromkeys(vote.comparison for vote in cast))}
    wins = np.zeros((len(rows), len(arms), len(arms)))
    for vote in cast:
        left, right = place[vote.sides.left], place[vote.sides.right]
        wins[rows[vote.comparison], left, right] += vote.score(vote.sides.left)
        wins[rows[vote.comparison], right, left] += vote.score(vote.sides.right)
    return wins


def _fit(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit Bradley–Terry log strengths with mean 0 to each win table, with Hunter's MM iteration."""
    games = tables + tables.transpose(0, 2, 1)
    won = tables.sum(axis=2)
    strength = np.ones(won.shape)
    for _ in range(_ROUNDS):
        rate = games / (strength[:, :, None] + strength[:, None, :])
        strength = won / rate.sum(axis=2)
        strength /= np.exp(np.log(strength).mean(axis=1, keepdims=True))
    return np.asarray(np.log(strength))

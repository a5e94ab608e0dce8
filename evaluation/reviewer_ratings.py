"""Reviewers' ratings of the arms, from the tone question of blind comparisons."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from db.records import Comparison, Interval, Review, ReviewStatus
from evaluation.statistics import mean_interval

_QUESTIONS = ("tone_left", "tone_right")


@dataclass(frozen=True)
class ArmRating:
    """The mean rating of an arm's answers; `mean` has no interval with a single answer."""

    arm: str
    answers: int
    ratings: int
    mean: Interval


def rate_arms(
    reviews: Iterable[Review], comparisons: Iterable[Comparison], arms: Mapping[str, str]
) -> tuple[ArmRating, ...]:
    """The mean rating of each arm, in the order of `arms`, which has the arm of each output's id.

    Ratings of one answer aren't independent, so an answer counts once, with the mean of its
    ratings, however many reviewers and comparisons it has.
    """
    sides = {c.id: (c.left, c.right) for c in comparisons}
    ratings: dict[str, list[int]] = defaultdict(list)
    for review in reviews:
        if review.status is not ReviewStatus.SUBMITTED or review.subject not in sides:
            continue
        for output, question in zip(sides[review.subject], _QUESTIONS, strict=True):
            rating = review.answer(question)
            if isinstance(rating, int) and output in arms:
                ratings[output].append(rating)
    by_arm: dict[str, list[list[int]]] = defaultdict(list)
    for output in sorted(ratings):
        by_arm[arms[output]].append(ratings[output])
    return tuple(
        _arm_rating(arm, by_arm[arm]) for arm in dict.fromkeys(arms.values()) if arm in by_arm
    )


def _arm_rating(arm: str, rated: list[list[int]]) -> ArmRating:
    means = [sum(each) / len(each) for each in rated]
    return ArmRating(arm, len(means), sum(map(len, rated)), mean_interval(means))

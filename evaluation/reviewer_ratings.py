"""Reviewers' ratings of each arm, from the tone question in blind comparisons."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from db.records import Comparison, Interval, Review, ReviewStatus
from evaluation.statistics import mean_interval

_QUESTIONS = ("tone_left", "tone_right")


@dataclass(frozen=True)
class ArmRating:
    """The mean rating of an arm's answers; `mean` has no interval if there is only one answer."""

    arm: str
    answers: int
    ratings: int
    mean: Interval


def rate_arms(
    reviews: Iterable[Review], comparisons: Iterable[Comparison], arms: Mapping[str, str]
) -> tuple[ArmRating, ...]:
    """Compute the mean rating of each arm.

    `arms` maps output ids to arms and determines the order of the result. Ratings of the same
    answer aren't independent, so each answer counts once with its mean rating, however many
    reviewers rated it.
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

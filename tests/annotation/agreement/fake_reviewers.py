"""Fake reviewers, who know the truth and err at a given rate."""

from dataclasses import dataclass

import numpy as np

from db.records import Answer, Review, ReviewerKind, ReviewStatus


@dataclass(frozen=True)
class FakeReviewer:
    """A reviewer who errs at rate `error`, and approves at rate `approves_anyway` regardless."""

    name: str
    error: float
    approves_anyway: float = 0.0


def deserving(records: int, seed: int) -> list[bool]:
    """Which of the records of `simulate` deserve approval."""
    return list(np.random.default_rng(seed).random(records) < 0.5)


def simulate(crew: list[FakeReviewer], records: int, seed: int) -> list[Review]:
    """Each reviewer's decisions on records of which half deserve approval."""
    random = np.random.default_rng(seed)
    deserving = random.random(records) < 0.5
    reviews = []
    for reviewer in crew:
        approves = deserving ^ (random.random(records) < reviewer.error)
        approves |= random.random(records) < reviewer.approves_anyway
        reviews += [
            Review(
                subject=f"record {n}",
                reviewer=reviewer.name,
                reviewer_kind=ReviewerKind.RULE,
                status=ReviewStatus.SUBMITTED,
                answers=(Answer("decision", "approve" if yes else "reject"),),
            )
            for n, yes in enumerate(approves)
        ]
    return reviews

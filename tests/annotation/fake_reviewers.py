"""Reviewers made up for tests: they know the truth, and err at a planted rate."""

from dataclasses import dataclass

import numpy as np

from db.records import Answer, Review, ReviewerKind, ReviewStatus


@dataclass(frozen=True)
class FakeReviewer:
    """A reviewer who says the opposite at rate `error`, and lets bad ones pass at another."""

    name: str
    error: float
    approves_anyway: float = 0.0


def deserving(records: int, seed: int) -> list[bool]:
    """Which of the records that `simulate` makes deserve approval."""
    return list(np.random.default_rng(seed).random(records) < 0.5)


def simulate(crew: list[FakeReviewer], records: int, seed: int) -> list[Review]:
    """Decisions of each reviewer on records of which half deserve approval."""
    random = np.random.default_rng(seed)
    deserving = random.random(records) < 0.5
    made = []
    for reviewer in crew:
        approves = deserving ^ (random.random(records) < reviewer.error)
        approves |= random.random(records) < reviewer.approves_anyway
        made += [
            Review(
                subject=f"record {n}",
                reviewer=reviewer.name,
                reviewer_kind=ReviewerKind.RULE,
                status=ReviewStatus.SUBMITTED,
                answers=(Answer("decision", "approve" if yes else "reject"),),
            )
            for n, yes in enumerate(approves)
        ]
    return made

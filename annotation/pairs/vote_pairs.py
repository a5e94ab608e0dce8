"""Preference pairs from blind votes on two outputs for the same training prompt."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from annotation.pairs.pair_rejections import PairRejection, reject_pair
from annotation.verdicts import find_flags
from db.records import (
    Comparison,
    Example,
    Output,
    Pair,
    PairSource,
    Rejection,
    Review,
    ReviewerKind,
    ReviewStatus,
    Split,
)

PREFERENCE = "preference"
_CHOICES = ("left", "right", "tie")


@dataclass(frozen=True)
class ReviewedComparison:
    """A comparison with its prompt, its two outputs, and its current reviews.

    `split` is the split of the prompt's article in the version to freeze. It differs from the split
    of the example if the version is frozen with another salt.
    """

    comparison: Comparison
    example: Example
    left: Output
    right: Output
    reviews: tuple[Review, ...]
    split: Split

    @property
    def held_out_split(self) -> Split | None:
        """The split that keeps the prompt from being trained on, or None for training prompts."""
        splits = (self.example.split, self.split)
        return next((split for split in splits if split is not Split.TRAIN), None)

    @property
    def votes(self) -> list[Review]:
        """The reviews that count: people's votes or, if no person voted, those of written rules."""
        cast = [
            review
            for review in self.reviews
            if review.status is ReviewStatus.SUBMITTED and review.answer(PREFERENCE) in _CHOICES
        ]
        by_people = [vote for vote in cast if vote.reviewer_kind is ReviewerKind.PERSON]
        return by_people or cast


def vote_pairs(comparisons: Iterable[ReviewedComparison]) -> Iterator[Pair | Rejection]:
    """Yield a pair or a rejection for each comparison that has votes.

    The chosen output needs more than half of the votes. Votes on held-out prompts never become
    pairs, because training on them would contaminate the test.
    """
    for item in comparisons:
        votes = item.votes
        if votes:
            rejection = _rejection(item, votes)
            yield rejection or _pair(item, votes)


def _rejection(item: ReviewedComparison, votes: Sequence[Review]) -> Rejection | None:
    """Return why votes can't become a pair, or None if they can."""
    if item.held_out_split:
        detail = f"the prompt is in the {item.held_out_split} split"
        return _reject(item, PairRejection.HELD_OUT, detail)
    flags = ", ".join(sorted({flag.kind for flag in find_flags(item.reviews)}))
    if flags:
        return _reject(item, PairRejection.FLAGGED, flags)
    counts = _counts(votes)
    if max(counts["left"], counts["right"]) * 2 > len(votes):
        return None
    is_split = counts["left"] and counts["right"]
    reason = PairRejection.CONTRADICTORY if is_split else PairRejection.NO_PREFERENCE
    tally = f"{counts['left']} for A, {counts['right']} for B, {counts['tie']} for no difference"
    return _reject(item, reason, tally)


def _reject(item: ReviewedComparison, reason: PairRejection, detail: str) -> Rejection:
    return reject_pair(item.comparison.campaign, item.comparison.id, reason, detail)


def _pair(item: ReviewedComparison, votes: Sequence[Review]) -> Pair:
    counts = _counts(votes)
    is_left = counts["left"] > counts["right"]
    chosen, rejected = (item.left, item.right) if is_left else (item.right, item.left)
    example = item.example
    return Pair(
        source=PairSource.VOTE,
        split=item.split,
        prompt=example.messages[:-1],
        chosen=chosen.text,
        rejected=rejected.text,
        chosen_from=chosen.id,
        rejected_from=rejected.id,
        reviews=tuple(sorted(vote.id for vote in votes)),
        reviewers=tuple(sorted({vote.reviewer for vote in votes})),
        reviewer_kinds=tuple(sorted({vote.reviewer_kind.value for vote in votes})),
        support=max(counts["left"], counts["right"]),
        comparison=item.comparison.id,
        passage=example.passage,
        article=example.article,
        persona=example.persona,
        traits=example.traits,
    )


def _counts(votes: Sequence[Review]) -> Counter[str]:
    return Counter(str(vote.answer(PREFERENCE)) for vote in votes)

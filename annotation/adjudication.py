"""Ties put before an adjudicator, with what the reviewers said."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from annotation.items import CandidateItem
from annotation.review_settings import ReviewSettings
from annotation.scales import comparable, format_answer
from db.records import Decision, Review, ReviewStatus, Verdict


def adjudication_settings(settings: ReviewSettings) -> ReviewSettings:
    """The settings of the adjudicator's dataset: the same questions, asked once."""
    return replace(settings, overlap=1, adjudication=True)


def adjudication_items(
    items: Iterable[CandidateItem], verdicts: Iterable[Verdict], reviews: Iterable[Review]
) -> Iterator[CandidateItem]:
    """The tied ones of some candidates, each with its reviewers' answers and no suggestions.

    What the adjudicator then decides is a review of the same candidate: taken together with the
    reviewers', the adjudicator's rule settles it.

    Args:
        items: Candidates as they were put before the reviewers.
        verdicts: What they came to.
        reviews: What was said of them.

    Yields:
        CandidateItem: A tied candidate for the adjudicator's dataset.
    """
    tied = {v.subject for v in verdicts if v.decision is Decision.TIE}
    said: dict[str, list[Review]] = defaultdict(list)
    for review in reviews:
        if review.subject in tied and review.status is ReviewStatus.SUBMITTED:
            said[review.subject].append(review)
    for item in items:
        if item.candidate.id in tied:
            lines = [_line(n, review) for n, review in enumerate(_ordered(said[item.candidate.id]))]
            yield replace(item, suggestions=(), earlier_answers="\n\n".join(lines))


def _ordered(reviews: list[Review]) -> list[Review]:
    # By content, so that neither names nor their order tell who said what.
    return sorted(reviews, key=lambda review: review.id)


def _line(number: int, review: Review) -> str:
    answers = "; ".join(
        f"{a.question}: {format_answer(comparable(a.value))}" for a in review.answers
    )
    edit = f"\nTheir version: {review.edited}" if review.edited else ""
    return f"Reviewer {number + 1}: {answers}{edit}"

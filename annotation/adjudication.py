"""Select the candidates on which reviewers are tied, for an adjudicator to decide."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from annotation.agreement.scales import comparable, format_answer
from annotation.items import CandidateItem
from annotation.review_settings import ReviewSettings
from db.records import Decision, Review, ReviewStatus, Verdict


def adjudication_settings(settings: ReviewSettings) -> ReviewSettings:
    """Return the settings for an adjudicator: the same questions, but one reviewer per record."""
    return replace(settings, overlap=1, adjudication=True)


def adjudication_items(
    items: Iterable[CandidateItem], verdicts: Iterable[Verdict], reviews: Iterable[Review]
) -> Iterator[CandidateItem]:
    """Yield the tied candidates, with the reviewers' answers instead of suggestions.

    The adjudicator's decision is stored as one more review of the candidate. If the verdict rule is
    `adjudicator`, the adjudicator's review alone determines the verdict.
    """
    ties = {v.subject for v in verdicts if v.decision is Decision.TIE}
    by_subject: dict[str, list[Review]] = defaultdict(list)
    # Sorted by id, so that neither names nor the order reveal who gave which answer.
    for review in sorted(reviews, key=lambda review: review.id):
        if review.status is ReviewStatus.SUBMITTED:
            by_subject[review.subject].append(review)
    for item in items:
        if item.candidate.id in ties:
            answers = [_answers(*numbered) for numbered in enumerate(by_subject[item.candidate.id])]
            yield replace(item, suggestions=(), earlier_answers="\n\n".join(answers))


def _answers(index: int, review: Review) -> str:
    answers = (f"{a.question}: {format_answer(comparable(a.value))}" for a in review.answers)
    edit = f"\nTheir version: {review.edited}" if review.edited else ""
    return f"Reviewer {index + 1}: {'; '.join(answers)}{edit}"

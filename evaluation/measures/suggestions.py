"""Answers that our measures suggest to reviewers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from db.records import AnswerValue, Candidate, CandidateKind
from evaluation.measures.content import CONTENT_SOURCE, names_kept, numbers_kept
from evaluation.measures.tone import TONE_SOURCE, conversational


@dataclass(frozen=True)
class SuggestedAnswer:
    """An answer suggested to a review question; `score` is the agent's confidence, 0 to 1."""

    question: str
    value: AnswerValue
    score: float | None
    agent: str


def suggest_answers(
    candidate: Candidate, tone_measures: Mapping[str, float]
) -> Iterator[SuggestedAnswer]:
    """Suggest answers about a candidate, given the tone measures of its text."""
    if candidate.kind is CandidateKind.CONVERSATION:
        rating = 4 if conversational(tone_measures) else 2
        yield SuggestedAnswer("tone", rating, None, TONE_SOURCE)
    if candidate.traits:
        yield SuggestedAnswer("traits", candidate.traits, None, candidate.provenance.teacher)
    if candidate.reference:
        share = _facts_kept(candidate)
        yield SuggestedAnswer("faithful", "yes" if share == 1 else "partly", share, CONTENT_SOURCE)


def _facts_kept(candidate: Candidate) -> float:
    """The share of the reference's numbers or names in the rewrite, whichever is lower."""
    text = candidate.review_text
    shares = (numbers_kept(candidate.reference, text), names_kept(candidate.reference, text))
    return round(min((share for share in shares if share is not None), default=1.0), 2)

"""Answers to review questions that Timbre suggests to reviewers, based on its measures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.records import AnswerValue, Candidate, CandidateKind
from evaluation.criteria import Criterion
from evaluation.measures.content import CONTENT_SOURCE, names_kept, numbers_kept


@dataclass(frozen=True)
class SuggestedAnswer:
    """A suggested answer to a review question, with an optional confidence `score` (0 to 1)."""

    question: str
    value: AnswerValue
    score: float | None
    agent: str


@dataclass(frozen=True)
class RatingRule:
    """A tone criterion, and the ratings suggested for texts that meet it and for all others."""

    criterion: Criterion
    met: int
    missed: int

    def rate(self, text: str) -> int:
        """Return the rating to suggest for a text."""
        is_met = self.criterion.measure(text)[self.criterion.feature.name] > 0
        return self.met if is_met else self.missed


def rating_rule(criterion: Criterion, scale: Sequence[int]) -> RatingRule:
    """Build a rule that suggests a tone rating based on a criterion.

    The suggested rating is just above the middle of the scale if the text meets the criterion, and
    otherwise just below the middle. A criterion can't tell how well a text meets it, so the extreme
    ratings of a longer scale are never suggested.
    """
    above = (len(scale) + 1) // 2
    return RatingRule(criterion, scale[above], scale[len(scale) - 1 - above])


def suggest_answers(
    candidate: Candidate, rule: RatingRule | None, language: str = "en"
) -> Iterator[SuggestedAnswer]:
    """Yield the suggested answers for a candidate, without a tone rating if `rule` is None."""
    if rule and candidate.kind is CandidateKind.CONVERSATION:
        rating = rule.rate(candidate.review_text)
        yield SuggestedAnswer("tone", rating, None, rule.criterion.source)
    if candidate.traits:
        yield SuggestedAnswer("traits", candidate.traits, None, candidate.provenance.teacher)
    if candidate.reference:
        share = _facts_kept(candidate, language)
        yield SuggestedAnswer("faithful", "yes" if share == 1 else "partly", share, CONTENT_SOURCE)


def _facts_kept(candidate: Candidate, language: str) -> float:
    """The share of the reference's numbers or names that the rewrite keeps, whichever is lower."""
    text, reference = candidate.review_text, candidate.reference
    shares = (numbers_kept(reference, text), names_kept(reference, text, language))
    return round(min((share for share in shares if share is not None), default=1.0), 2)

"""Candidates and comparisons, with everything that reviewers see about them in Argilla."""

from dataclasses import dataclass

from annotation.review_settings import Basis
from db.records import AnswerValue, Article, Candidate, Comparison, Passage


@dataclass(frozen=True)
class Suggestion:
    """An answer suggested by a measure or model; `score` is the confidence from 0 to 1."""

    question: str
    value: AnswerValue
    score: float | None
    agent: str


@dataclass(frozen=True)
class CandidateItem:
    """A candidate with its source, suggestions, sentence vector and metadata for filtering.

    `earlier_answers` contains the reviewers' answers, which only an adjudicator sees. `reviewers`
    lists the assigned reviewers; if it's empty, anybody may review the record.
    """

    candidate: Candidate
    passage: Passage | None = None
    article: Article | None = None
    suggestions: tuple[Suggestion, ...] = ()
    vector: tuple[float, ...] | None = None
    metadata: tuple[tuple[str, str | int | float], ...] = ()
    earlier_answers: str = ""
    reviewers: tuple[str, ...] = ()

    @property
    def basis(self) -> Basis:
        """The source with which reviewers compare the candidate's facts."""
        return _basis(self.passage is not None, self.candidate.reference)


@dataclass(frozen=True)
class ComparisonItem:
    """Two answers to one prompt, without any information about the models that wrote them.

    `reference` is the original answer to the prompt, which reviewers see if there is no passage.
    """

    comparison: Comparison
    prompt_text: str
    passage: str
    left_text: str
    right_text: str
    reference: str = ""

    @property
    def basis(self) -> Basis:
        """The source with which reviewers compare the facts in the two answers."""
        return _basis(bool(self.passage), self.reference)


def _basis(has_passage: bool, reference: str) -> Basis:
    if has_passage:
        return Basis.PASSAGE
    return Basis.ORIGINAL if reference else Basis.NOTHING

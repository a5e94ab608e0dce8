"""What reviewers see: a candidate or a comparison with everything that its page shows."""

from dataclasses import dataclass

from db.records import AnswerValue, Article, Candidate, Comparison, Passage


@dataclass(frozen=True)
class Suggestion:
    """An answer that a measure or model suggests; `score` (0 to 1) is its confidence."""

    question: str
    value: AnswerValue
    score: float | None
    agent: str


@dataclass(frozen=True)
class CandidateItem:
    """A candidate with its source, suggestions, sentence vector and metadata to filter by.

    `earlier_answers` holds the reviewers' answers, which only an adjudicator sees. `reviewers`
    are the assigned reviewers; if there are none, anybody may review the record.
    """

    candidate: Candidate
    passage: Passage | None = None
    article: Article | None = None
    suggestions: tuple[Suggestion, ...] = ()
    vector: tuple[float, ...] | None = None
    metadata: tuple[tuple[str, str | int | float], ...] = ()
    earlier_answers: str = ""
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparisonItem:
    """Two answers to one prompt, without any information about the models that wrote them."""

    comparison: Comparison
    prompt_text: str
    passage: str
    left_text: str
    right_text: str

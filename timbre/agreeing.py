"""How far a dataset's reviewers agree, as rows for people."""

from annotation.agreement import Agreement, agreement
from annotation.coefficients import Coefficient
from db.records import Interval, Review
from db.store import Store

# In the order in which people ask; questions nobody answered are left out.
_QUESTIONS = ("decision", "preference", "tone", "natural", "faithful", "traits", "reasons")

Row = tuple[str, str, str, int, str]


def agreement_rows(store: Store, dataset: str) -> list[Row]:
    """Question, who, measure, records, and the value with its interval or why there is none."""
    found = agreement_of(list(store.current_reviews(dataset=dataset)))
    rows: list[Row] = [
        (q.question, "all", "Krippendorff's alpha", q.records, in_words(q.alpha))
        for q in found.questions
    ]
    return rows + [
        (p.question, f"{p.first}, {p.second}", "kappa", p.records, in_words(p.kappa))
        for p in found.pairs
    ]


def agreement_of(reviews: list[Review]) -> Agreement:
    """Agreement on every question that somebody answered."""
    asked = {answer.question for review in reviews for answer in review.answers}
    return agreement(reviews, [question for question in _QUESTIONS if question in asked])


def in_words(value: Coefficient) -> str:
    """A coefficient with its interval, or why it is undefined."""
    if isinstance(value, Interval):
        return f"{value.estimate:.2f} ({value.low:.2f} to {value.high:.2f})"
    return f"undefined: {value.reason}"

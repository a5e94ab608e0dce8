"""Summarise agreement in tables and sentences, and list the records to discuss."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from annotation.agreement.coefficients import Coefficient
from annotation.agreement.measurement import (
    Agreement,
    answered_questions,
    answers_by_subject,
    measure_agreement,
)
from annotation.agreement.scales import format_answer, scale_of
from db.records import Interval, Review


@dataclass(frozen=True)
class AgreementRow:
    """A coefficient for one question, as a table row.

    `between` contains the names of the reviewers that the coefficient compares.
    """

    question: str
    between: str
    measure: str
    records: int
    value: str


@dataclass(frozen=True)
class Disagreement:
    """A record on which reviewers disagree.

    `answers` pairs each reviewer's name with their answer as text. `distance` ranges from 0 to 1:
    it is divided by the largest distance between any two answers to the question.
    """

    subject: str
    question: str
    answers: tuple[tuple[str, str], ...]
    distance: float


def agreement_rows(agreement: Agreement) -> list[AgreementRow]:
    """Return a row for each question, for each reviewer against the others, and for each pair."""
    questions = [
        AgreementRow(
            row.question, "all", "Krippendorff's alpha", row.records, format_coefficient(row.alpha)
        )
        for row in agreement.questions
    ]
    counts = Counter(pair.question for pair in agreement.pairs)
    # With two reviewers, each one against the others is the same as the pair.
    reviewers = [row for row in agreement.reviewers if counts[row.question] > 1]
    return questions + [
        AgreementRow(
            row.question,
            f"{row.first}, {row.second}",
            "kappa",
            row.records,
            format_coefficient(row.kappa),
        )
        for row in (*reviewers, *agreement.pairs)
    ]


def uninformative_reviewers(
    reviews: Sequence[Review], calibration_datasets: Collection[str], ratings: Sequence[int] = ()
) -> list[str]:
    """Return a sentence about each reviewer whose answers to a question carry no information.

    If there are reviews of calibration datasets, only those count, because their records have no
    suggestions that reviewers could simply follow.
    """
    calibration = [review for review in reviews if review.dataset in calibration_datasets]
    return [
        f"{one.first} {one.uninformative} to “{one.question}” ({one.records} records)"
        for one in measure_agreement(calibration or reviews, ratings=ratings).reviewers
        if one.uninformative
    ]


def format_coefficient(value: Coefficient) -> str:
    """Format a coefficient with its interval, or return the reason why it is undefined."""
    if isinstance(value, Interval):
        return f"{value.estimate:.2f} ({value.low:.2f} to {value.high:.2f})"
    return f"undefined: {value.reason}"


def records_to_discuss(
    reviews: Sequence[Review], limit: int, ratings: Sequence[int] = ()
) -> list[Disagreement]:
    """Return up to `limit` records per question on which reviewers disagree most.

    `ratings` are the values of the tone's scale.
    """
    return [
        one
        for question in answered_questions(reviews)
        for one in rank_disagreements(reviews, question, ratings)[:limit]
    ]


def rank_disagreements(
    reviews: Iterable[Review], question: str, ratings: Sequence[int] = ()
) -> list[Disagreement]:
    """Return all records on which submitted reviews differ, the largest disagreement first."""
    sheet = answers_by_subject(reviews, question)
    scale = scale_of(question, ratings)
    domain = scale.domain(value for row in sheet.values() for value in row.values())
    place = {value: n for n, value in enumerate(domain)}
    penalties = scale.penalties(domain)
    largest = penalties.max(initial=0) or 1.0
    disagreements = [
        Disagreement(
            subject,
            question,
            tuple((name, format_answer(row[name])) for name in sorted(row)),
            max(float(penalties[place[a], place[b]]) for a, b in combinations(row.values(), 2))
            / float(largest),
        )
        for subject, row in sheet.items()
        if len(set(row.values())) > 1
    ]
    return sorted(disagreements, key=lambda one: (-one.distance, one.subject))

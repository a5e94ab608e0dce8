"""Summarise how well reviewers agree, and list the records that they should discuss."""

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
    """A table row that contains an agreement coefficient for a question.

    `between` names the reviewers whose answers are compared.
    """

    question: str
    between: str
    measure: str
    records: int
    value: str


@dataclass(frozen=True)
class Disagreement:
    """A record on which reviewers disagree.

    `answers` lists each reviewer's name and answer, as text. `distance` says how far apart the
    answers are, from 0 (equal) to 1 (the largest distance between any two answers to the question).
    """

    subject: str
    question: str
    answers: tuple[tuple[str, str], ...]
    distance: float


def agreement_rows(agreement: Agreement) -> list[AgreementRow]:
    """Return table rows for all reviewers together, each against the others, and each pair."""
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

    If there are reviews of calibration datasets, all other reviews are ignored, because only
    calibration records have no suggestions that a reviewer could simply follow.
    """
    calibration = [review for review in reviews if review.dataset in calibration_datasets]
    return [
        f"{one.first} {one.uninformative} to “{one.question}” ({one.records} records)"
        for one in measure_agreement(calibration or reviews, ratings=ratings).reviewers
        if one.uninformative
    ]


def format_coefficient(value: Coefficient) -> str:
    """Format an agreement coefficient with its interval, or say why it's undefined."""
    if isinstance(value, Interval):
        return f"{value.estimate:.2f} ({value.low:.2f} to {value.high:.2f})"
    return f"undefined: {value.reason}"


def records_to_discuss(
    reviews: Sequence[Review], limit: int, ratings: Sequence[int] = ()
) -> list[Disagreement]:
    """Return up to `limit` records per question on which reviewers disagree most.

    `ratings` lists the values of the tone scale.
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

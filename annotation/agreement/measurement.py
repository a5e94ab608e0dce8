"""Measure agreement beyond chance: Krippendorff's α and weighted κ with confidence intervals."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np

from annotation.agreement.coefficients import (
    Bootstrap,
    Coefficient,
    Undefined,
    alphas,
    bootstrap_interval,
    diagonals,
    kappas,
)
from annotation.agreement.scales import Scale, comparable, format_answer, scale_of
from db.records import Interval, Review, ReviewStatus

AnswerSheet: TypeAlias = dict[str, dict[str, Hashable]]
"""The answers to one question: subject → reviewer → answer."""
AnswerPairs: TypeAlias = list[tuple[Hashable, Hashable]]
"""Pairs of answers that two reviewers gave to the same record."""

# The order of the questions in reports.
_QUESTIONS = ("decision", "preference", "tone", "natural", "faithful", "traits", "reasons")
_SIDED = tuple(f"{q}_{side}" for q in ("tone", "faithful", "traits") for side in ("left", "right"))


@dataclass(frozen=True)
class QuestionAgreement:
    """Krippendorff's α for one question, from the records that two or more reviewers answered."""

    question: str
    alpha: Coefficient
    records: int


@dataclass(frozen=True)
class _Answers:
    """All answers to one question, and the scale on which they are compared."""

    question: str
    sheet: AnswerSheet
    scale: Scale


@dataclass(frozen=True)
class PairAgreement:
    """Weighted κ for one question, between one reviewer and another one or all others combined.

    If the first reviewer's answers carry no information, `uninformative` says why.
    """

    question: str
    first: str
    second: str
    kappa: Coefficient
    records: int
    uninformative: str


@dataclass(frozen=True)
class Agreement:
    """Agreement for each question, each pair of reviewers, and each reviewer against the others."""

    questions: tuple[QuestionAgreement, ...]
    pairs: tuple[PairAgreement, ...]
    reviewers: tuple[PairAgreement, ...]


def measure_agreement(
    reviews: Iterable[Review],
    questions: Sequence[str] | None = None,
    bootstrap: Bootstrap | None = None,
    ratings: Sequence[int] = (),
) -> Agreement:
    """Measure how well reviewers agree on each question, based on their submitted reviews.

    By default, all questions that have answers are included. κ uses squared weights for ordinal
    scales, Jaccard distances for sets, and no weights otherwise. `ratings` lists the values of the
    tone scale, lowest first. The distance between two ratings is the number of steps between them
    on the scale, not the difference of their values.
    """
    plan, reviews = bootstrap or Bootstrap(), list(reviews)
    by_question: list[QuestionAgreement] = []
    by_pair: list[PairAgreement] = []
    by_reviewer: list[PairAgreement] = []
    for question in answered_questions(reviews) if questions is None else questions:
        sheet, scale = answers_by_subject(reviews, question), scale_of(question, ratings)
        answers = _Answers(question, sheet, scale)
        names = sorted({name for row in sheet.values() for name in row})
        shared = sum(len(row) > 1 for row in sheet.values())
        alpha = _alpha(sheet, scale, plan)
        by_question.append(QuestionAgreement(question, alpha, shared))
        by_pair += [_pair(answers, pair, {pair[1]}, plan) for pair in combinations(names, 2)]
        by_reviewer += [
            _pair(answers, (name, "the others"), {*names} - {name}, plan) for name in names
        ]
    return Agreement(tuple(by_question), tuple(by_pair), tuple(by_reviewer))


def answered_questions(reviews: Iterable[Review]) -> list[str]:
    """Return the questions that have at least one answer, in the order used in reports."""
    answered = {answer.question for review in reviews for answer in review.answers}
    return [question for question in (*_QUESTIONS, *_SIDED) if question in answered]


def krippendorff_alpha(
    reviews: Iterable[Review], question: str, bootstrap: Bootstrap | None = None
) -> Coefficient:
    """Compute Krippendorff's α for the answers to one question.

    An α of 1 means perfect agreement, and 0 means agreement no better than chance. α is undefined
    if no record has two answers or if all answers are the same.
    """
    sheet = answers_by_subject(reviews, question)
    return _alpha(sheet, scale_of(question), bootstrap or Bootstrap())


def answers_by_subject(reviews: Iterable[Review], question: str) -> AnswerSheet:
    """Return the submitted answers to a question, keyed by subject and reviewer."""
    sheet: AnswerSheet = defaultdict(dict)
    for review in reviews:
        value = review.answer(question)
        if review.status is ReviewStatus.SUBMITTED and value is not None:
            sheet[review.subject][review.reviewer] = comparable(value)
    return dict(sheet)


def _alpha(sheet: AnswerSheet, scale: Scale, plan: Bootstrap) -> Coefficient:
    rows = [list(row.values()) for row in sheet.values() if len(row) > 1]
    if not rows:
        return Undefined("no records have answers from two reviewers")
    domain = scale.domain(value for row in rows for value in row)
    if len(domain) < 2:
        return Undefined(
            f"every answer is “{format_answer(domain[0])}”, so agreement can't be measured"
        )
    place = {value: n for n, value in enumerate(domain)}
    counts = np.zeros((len(rows), len(domain)))
    for record, row in enumerate(rows):
        for value in row:
            counts[record, place[value]] += 1
    tables = (counts[:, :, None] * counts[:, None, :] - diagonals(counts)) / (
        counts.sum(axis=1) - 1
    )[:, None, None]
    return bootstrap_interval(tables, lambda table: alphas(table, domain, scale), plan)


def _pair(
    answers: _Answers, names: tuple[str, str], others: set[str], plan: Bootstrap
) -> PairAgreement:
    """Compute κ between the reviewer `names[0]` and the reviewers `others`, labelled `names[1]`."""
    shared = [row for row in answers.sheet.values() if names[0] in row and others & row.keys()]
    rows = [[(row[names[0]], row[other]) for other in others & row.keys()] for row in shared]
    kappa = _kappa(rows, names, answers.scale, plan)
    own = {pair[0] for row in rows for pair in row}
    uninformative = ""
    if len(own) == 1 and len(rows) > 1:
        uninformative = f"always answers “{format_answer(next(iter(own)))}”"
    elif isinstance(kappa, Interval) and kappa.low <= 0:
        uninformative = "may agree with the other reviewers only by chance"
    return PairAgreement(answers.question, *names, kappa, len(rows), uninformative)


def _kappa(
    rows: list[AnswerPairs], names: tuple[str, str], scale: Scale, plan: Bootstrap
) -> Coefficient:
    if not rows:
        return Undefined(f"{names[0]} and {names[1]} have no records in common")
    for name, side in zip(names, (0, 1), strict=True):
        values = {pair[side] for row in rows for pair in row}
        if len(values) == 1:
            return Undefined(f"{name} always answered “{format_answer(next(iter(values)))}”")
    domain = scale.domain(value for row in rows for pair in row for value in pair)
    place = {value: n for n, value in enumerate(domain)}
    tables = np.zeros((len(rows), len(domain), len(domain)))
    for record, row in enumerate(rows):
        for one, other in row:
            tables[record, place[one], place[other]] += 1
    return bootstrap_interval(tables, lambda table: kappas(table, scale.penalties(domain)), plan)

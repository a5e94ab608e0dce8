"""How far reviewers agree beyond chance: Krippendorff's α and weighted κ, with intervals."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np

from annotation.coefficients import (
    Bootstrap,
    Coefficient,
    Undefined,
    alphas,
    diagonals,
    interval,
    kappas,
)
from annotation.scales import Level, Scale, comparable, in_words, scale_of
from db.records import Interval, Review, ReviewStatus

Sheet: TypeAlias = dict[str, dict[str, Hashable]]


@dataclass(frozen=True)
class QuestionAgreement:
    """α of one question over the records that two or more answered."""

    question: str
    level: Level
    alpha: Coefficient
    records: int
    reviewers: int


@dataclass(frozen=True)
class PairAgreement:
    """κ of two reviewers on one question, and the share of records they say the same of."""

    question: str
    first: str
    second: str
    kappa: Coefficient
    records: int
    same: float


@dataclass(frozen=True)
class ReviewerAgreement:
    """κ of one reviewer with all others together; `uninformative` says in words what is wrong."""

    question: str
    reviewer: str
    kappa: Coefficient
    records: int
    uninformative: str = ""


@dataclass(frozen=True)
class Agreement:
    """Agreement per question, per pair of reviewers and per reviewer."""

    questions: tuple[QuestionAgreement, ...]
    pairs: tuple[PairAgreement, ...]
    reviewers: tuple[ReviewerAgreement, ...]


def agreement(
    reviews: Iterable[Review], questions: Sequence[str], bootstrap: Bootstrap | None = None
) -> Agreement:
    """Who agrees how far with whom on which question; only submitted reviews count."""
    plan = bootstrap or Bootstrap()
    said = list(reviews)
    by_question: list[QuestionAgreement] = []
    by_pair: list[PairAgreement] = []
    by_reviewer: list[ReviewerAgreement] = []
    for question in questions:
        sheet = answers(said, question)
        names = sorted({name for row in sheet.values() for name in row})
        shared = sum(len(row) > 1 for row in sheet.values())
        scale = scale_of(question)
        alpha = _alpha(sheet, scale, plan)
        by_question.append(QuestionAgreement(question, scale.level, alpha, shared, len(names)))
        by_pair.extend(_pair(sheet, question, pair, plan) for pair in combinations(names, 2))
        by_reviewer.extend(_reviewer(sheet, question, name, plan) for name in names)
    return Agreement(tuple(by_question), tuple(by_pair), tuple(by_reviewer))


def krippendorff_alpha(
    reviews: Iterable[Review], question: str, bootstrap: Bootstrap | None = None
) -> Coefficient:
    """Krippendorff's α of one question at its own level of measurement.

    1 is perfect agreement, 0 what chance gives. Undefined where no record has two answers, or
    all answers are the same.
    """
    return _alpha(answers(reviews, question), scale_of(question), bootstrap or Bootstrap())


def weighted_kappa(
    reviews: Iterable[Review],
    question: str,
    pair: tuple[str, str],
    bootstrap: Bootstrap | None = None,
) -> Coefficient:
    """Cohen's κ of two reviewers: squared steps on a scale, Jaccard distance of sets, else plain.

    Undefined where they share no record, or one of them always gives the same answer.
    """
    return _pair(answers(reviews, question), question, pair, bootstrap or Bootstrap()).kappa


def answers(reviews: Iterable[Review], question: str) -> Sheet:
    """Subject → reviewer → answer, of the submitted reviews that answer the question."""
    sheet: Sheet = defaultdict(dict)
    for review in reviews:
        value = review.answer(question)
        if review.status is ReviewStatus.SUBMITTED and value is not None:
            sheet[review.subject][review.reviewer] = comparable(value)
    return dict(sheet)


def _alpha(sheet: Sheet, scale: Scale, plan: Bootstrap) -> Coefficient:
    rows = [list(row.values()) for row in sheet.values() if len(row) > 1]
    if not rows:
        return Undefined("no record has answers from two reviewers")
    domain = scale.domain(value for row in rows for value in row)  # type: ignore[misc]
    if len(domain) < 2:
        return Undefined(
            f"every answer is “{in_words(domain[0])}”: there is no variation to agree on"
        )
    place = {value: n for n, value in enumerate(domain)}
    counts = np.zeros((len(rows), len(domain)))
    for record, row in enumerate(rows):
        for value in row:
            counts[record, place[value]] += 1
    tables = (counts[:, :, None] * counts[:, None, :] - diagonals(counts)) / (
        counts.sum(axis=1) - 1
    )[:, None, None]
    return interval(tables, lambda table: alphas(table, domain, scale), plan)


def _pair(sheet: Sheet, question: str, pair: tuple[str, str], plan: Bootstrap) -> PairAgreement:
    first, second = pair
    rows = [[(r[first], r[second])] for r in sheet.values() if first in r and second in r]
    same = sum(row[0][0] == row[0][1] for row in rows) / len(rows) if rows else 0.0
    kappa = _kappa(rows, pair, scale_of(question), plan)
    return PairAgreement(question, first, second, kappa, len(rows), same)


def _reviewer(sheet: Sheet, question: str, name: str, plan: Bootstrap) -> ReviewerAgreement:
    rows = [
        [(row[name], value) for other, value in row.items() if other != name]
        for row in sheet.values()
        if name in row and len(row) > 1
    ]
    kappa = _kappa(rows, (name, "the others"), scale_of(question), plan)
    own = {pair[0] for row in rows for pair in row}
    uninformative = ""
    if len(own) == 1 and len(rows) > 1:
        uninformative = f"always answers “{in_words(next(iter(own)))}”"
    elif isinstance(kappa, Interval) and kappa.low <= 0:
        uninformative = "agrees with the others no better than chance may"
    return ReviewerAgreement(question, name, kappa, len(rows), uninformative)


def _kappa(
    rows: list[list[tuple[Hashable, Hashable]]],
    names: tuple[str, str],
    scale: Scale,
    plan: Bootstrap,
) -> Coefficient:
    if not rows:
        return Undefined(f"{names[0]} and {names[1]} share no record")
    for name, side in zip(names, (0, 1), strict=True):
        given = {pair[side] for row in rows for pair in row}
        if len(given) == 1:
            return Undefined(f"{name} always answered “{in_words(next(iter(given)))}”")
    domain = scale.domain(value for row in rows for pair in row for value in pair)  # type: ignore[misc]
    place = {value: n for n, value in enumerate(domain)}
    tables = np.zeros((len(rows), len(domain), len(domain)))
    for record, row in enumerate(rows):
        for one, other in row:
            tables[record, place[one], place[other]] += 1
    return interval(tables, lambda table: kappas(table, scale.penalties(domain)), plan)

"""Verdicts and kappa recover the error rates and biases of fake reviewers."""

from collections.abc import Mapping

import pytest
from scipy.stats import binomtest

from annotation.agreement.measurement import measure_agreement
from annotation.verdicts import VerdictRule, VotingRule, verdicts
from db.records import Decision, Interval, Verdict
from tests.annotation.agreement.fake_reviewers import FakeReviewer, deserving, simulate

RECORDS, SEED = 1500, 11
ERROR, ADJUDICATORS = 0.15, 0.05


def covers(planted: float, times: int, of: int) -> bool:
    """Whether the 99.9 % interval of a rate contains it; 1 in 1,000 runs fails by chance."""
    interval = binomtest(times, of).proportion_ci(0.999, method="wilson")
    return bool(interval.low <= planted <= interval.high)


def approves(truth: bool, one: FakeReviewer) -> float:
    """The probability that a fake reviewer approves a record."""
    rightly = 1 - one.error if truth else one.error
    return rightly + (1 - rightly) * one.approves_anyway


def by_subject(decided: list[Verdict]) -> Mapping[str, Decision]:
    return {verdict.subject: verdict.decision for verdict in decided}


def test_ties_and_adjudication_have_the_planted_rates() -> None:
    crew = [
        FakeReviewer("ann", ERROR),
        FakeReviewer("bob", ERROR),
        FakeReviewer("adjudicator", ADJUDICATORS),
    ]
    reviews = simulate(crew, RECORDS, SEED)
    independent = [review for review in reviews if review.reviewer != "adjudicator"]
    before = by_subject(list(verdicts(independent, VerdictRule(minimum=2))))
    ties = {subject for subject, decision in before.items() if decision is Decision.TIE}
    assert covers(2 * ERROR * (1 - ERROR), len(ties), RECORDS)

    settled = [r for r in reviews if r.reviewer != "adjudicator" or r.subject in ties]
    rule = VerdictRule(VotingRule.ADJUDICATOR, "adjudicator", minimum=2)
    after = by_subject(list(verdicts(settled, rule)))
    truth = {f"record {n}": yes for n, yes in enumerate(deserving(RECORDS, SEED))}
    wrong = {s for s, decision in after.items() if (decision is Decision.APPROVE) != truth[s]}
    assert Decision.TIE not in after.values()
    assert covers(ADJUDICATORS, len(wrong & ties), len(ties))
    planted = ERROR**2 + 2 * ERROR * (1 - ERROR) * ADJUDICATORS
    assert covers(planted, len(wrong), RECORDS)


@pytest.mark.parametrize(
    "second",
    [
        FakeReviewer("careful", 0.05),
        FakeReviewer("sloppy", 0.3),
        FakeReviewer("lenient", 0.05, approves_anyway=0.5),
        FakeReviewer("coin", 0.5),
    ],
    ids=lambda one: one.name,
)
def test_kappa_finds_planted_errors_and_biases(second: FakeReviewer) -> None:
    first = FakeReviewer("ann", 0.1)
    reviews = simulate([first, second], RECORDS, SEED)
    rates = [[approves(truth, one) for one in (first, second)] for truth in (True, False)]
    same = sum(a * b + (1 - a) * (1 - b) for a, b in rates) / 2
    a, b = (sum(column) / 2 for column in zip(*rates, strict=True))
    chance = a * b + (1 - a) * (1 - b)
    kappa = measure_agreement(reviews, ["decision"]).pairs[0].kappa
    assert isinstance(kappa, Interval)
    assert kappa.low <= (same - chance) / (1 - chance) <= kappa.high


def test_only_guessing_and_constant_reviewers_are_reported() -> None:
    crew = [
        FakeReviewer("ann", 0.1),
        FakeReviewer("bob", 0.15),
        FakeReviewer("cy", 0.1),
        FakeReviewer("coin", 0.5),
        FakeReviewer("yes", 0.1, approves_anyway=1.0),
    ]
    reviews = simulate(crew, 200, SEED)
    agreements = measure_agreement(reviews, ["decision"]).reviewers
    reported = {one.first: one.uninformative for one in agreements if one.uninformative}
    assert reported == {
        "coin": "may agree with the other reviewers only by chance",
        "yes": "always answers “approve”",
    }

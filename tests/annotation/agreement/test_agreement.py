"""Agreement equals that of reference packages, and recovers simulated error rates."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotation.agreement.coefficients import Bootstrap, Undefined, kappas
from annotation.agreement.measurement import krippendorff_alpha, measure_agreement
from annotation.agreement.scales import MeasurementLevel, Scale, scale_of
from db.records import Answer, AnswerValue, Interval, Review, ReviewerKind, ReviewStatus
from tests.annotation.agreement.fake_reviewers import FakeReviewer, simulate

QUICK = Bootstrap(draws=300)


def reviews(question: str, columns: dict[str, list[AnswerValue | None]]) -> list[Review]:
    """Reviews from a table with a column of answers for each reviewer; None means no answer."""
    return [
        Review(
            subject=f"record {row}",
            reviewer=name,
            reviewer_kind=ReviewerKind.PERSON,
            status=ReviewStatus.SUBMITTED,
            answers=(Answer(question, value),),
        )
        for name, column in columns.items()
        for row, value in enumerate(column)
        if value is not None
    ]


def defined(value: Interval | Undefined) -> Interval:
    assert isinstance(value, Interval), value
    return value


ratings = st.lists(
    st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=3, max_size=3),
    min_size=4,
    max_size=25,
)


@pytest.mark.parametrize("question", ["tone", "natural"])
@settings(deadline=None, max_examples=60)
@given(table=ratings)
def test_alpha_equals_the_reference_package(question: str, table: list[list[int | None]]) -> None:
    columns = {f"r{n}": [row[n] for row in table] for n in range(3)}
    alpha = krippendorff_alpha(reviews(question, columns), question, QUICK)  # type: ignore[arg-type]
    if isinstance(alpha, Interval):
        data = np.array([[v or np.nan for v in column] for column in columns.values()])
        level = "ordinal" if question == "tone" else "nominal"
        expected = krippendorff.alpha(data, level_of_measurement=level)  # type: ignore[arg-type]
        assert alpha.estimate == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(table=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=4, max_size=40))
def test_kappa_equals_the_reference_package(table: list[tuple[int, int]]) -> None:
    columns: dict[str, list[AnswerValue | None]] = {
        "ann": [a for a, _ in table],
        "bob": [b for _, b in table],
    }
    for question, weights in (("tone", "quadratic"), ("natural", None)):
        kappa = measure_agreement(reviews(question, columns), [question], QUICK).pairs[0].kappa
        if isinstance(kappa, Interval):
            # The package compares positions in the list of labels, so the list must be complete.
            labels = [1, 2, 3, 4, 5] if weights else None
            expected = cohen_kappa_score(*columns.values(), labels=labels, weights=weights)
            assert kappa.estimate == pytest.approx(expected, abs=1e-9)


def test_kappas_of_a_stack_equal_those_of_its_tables() -> None:
    tables = np.random.default_rng(1).integers(1, 9, size=(4, 3, 3)).astype(float)
    penalties = scale_of("tone").penalties([1, 2, 3])
    together = kappas(tables, penalties)
    assert together == pytest.approx([float(kappas(t, penalties)) for t in tables])


def test_alpha_of_sets_equals_the_calculation_by_hand() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": [("dry",), ("dry", "warm")] * 10,
        "bob": [("dry",), ("warm",)] * 10,
    }
    # Observed: distances 0 and 1/2, mean 1/4. Expected, of 20 dry, 10 both and 10 warm, over the
    # 40 · 39 ordered pairs: dry–both 1/2 · 400, dry–warm 1 · 400, both–warm 1/2 · 200.
    alpha = defined(krippendorff_alpha(reviews("traits", table), "traits", QUICK))
    assert alpha.estimate == pytest.approx(1 - (1 / 4) / (700 / (40 * 39)))


def test_the_order_of_labels_does_not_matter() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": [("dry", "warm"), ("calm",)] * 5,
        "bob": [("warm", "dry"), ("calm",)] * 5,
    }
    assert defined(krippendorff_alpha(reviews("traits", table), "traits", QUICK)).estimate == 1


def test_sides_of_a_comparison_have_their_questions_scale() -> None:
    assert scale_of("tone_left") == scale_of("tone") == Scale(MeasurementLevel.ORDINAL)
    assert scale_of("somebody else's question").level is MeasurementLevel.NOMINAL


def test_alpha_of_constant_answers_is_undefined() -> None:
    same: dict[str, list[AnswerValue | None]] = {"ann": ["approve"] * 9, "bob": ["approve"] * 9}
    alpha = krippendorff_alpha(reviews("decision", same), "decision")
    assert alpha == Undefined("every answer is “approve”, so agreement can't be measured")


def test_a_constant_reviewer_is_uninformative_and_has_no_kappa() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": ["approve"] * 8,
        "bob": ["approve", "reject"] * 4,
    }
    agreement = measure_agreement(reviews("decision", table), ["decision"], QUICK)
    assert agreement.pairs[0].kappa == Undefined("ann always answered “approve”")
    assert [r.uninformative for r in agreement.reviewers] == ["always answers “approve”", ""]
    assert isinstance(agreement.questions[0].alpha, Interval)


def test_agreement_without_shared_records_is_undefined() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": [1, 2, None, None],
        "bob": [None, None, 1, 2],
    }
    agreement = measure_agreement(reviews("tone", table), ["tone"], QUICK)
    assert agreement.questions[0].alpha == Undefined("no records have answers from two reviewers")
    assert agreement.pairs[0].kappa == Undefined("ann and bob have no records in common")


def test_discarded_reviews_do_not_count() -> None:
    discarded = [
        Review(
            subject="record 0",
            reviewer=name,
            reviewer_kind=ReviewerKind.PERSON,
            status=ReviewStatus.DISCARDED,
            answers=(Answer("decision", "reject"),),
        )
        for name in ("ann", "bob")
    ]
    assert isinstance(krippendorff_alpha(discarded, "decision"), Undefined)


def test_agreement_is_deterministic() -> None:
    decisions = simulate([FakeReviewer("ann", 0.1), FakeReviewer("bob", 0.2)], records=80, seed=3)
    assert measure_agreement(decisions, ["decision"]) == measure_agreement(decisions, ["decision"])


def test_intervals_cover_the_planted_agreement_in_95_percent() -> None:
    """Two reviewers who err at a known rate have a known κ, and almost the same α."""
    error, records, runs = 0.15, 150, 120
    same = (1 - error) ** 2 + error**2
    planted = (same - 0.5) / 0.5
    covered = {"alpha": 0, "kappa": 0}
    for seed in range(runs):
        decisions = simulate(
            [FakeReviewer("ann", error), FakeReviewer("bob", error)], records, seed
        )
        alpha = defined(krippendorff_alpha(decisions, "decision", QUICK))
        kappa = defined(measure_agreement(decisions, ["decision"], QUICK).pairs[0].kappa)
        covered["alpha"] += alpha.low <= planted <= alpha.high
        covered["kappa"] += kappa.low <= planted <= kappa.high
    # 95 % of 120 is 114; three standard errors are 7.2.
    assert all(106 <= times <= runs for times in covered.values()), covered


def test_a_careless_reviewer_is_uninformative() -> None:
    crew = [
        FakeReviewer("ann", 0.05),
        FakeReviewer("bob", 0.05),
        FakeReviewer("careless", 0.5),
        FakeReviewer("lenient", 0.05, approves_anyway=0.6),
    ]
    agreement = measure_agreement(simulate(crew, 300, seed=5), ["decision"])
    kappa = {r.first: defined(r.kappa).estimate for r in agreement.reviewers}
    assert kappa["ann"] > kappa["lenient"] > kappa["careless"]
    flagged = [r.first for r in agreement.reviewers if r.uninformative]
    assert flagged == ["careless"]


def test_agreement_of_many_records_takes_seconds() -> None:
    decisions = simulate(
        [FakeReviewer("ann", 0.1), FakeReviewer("bob", 0.2)], records=20_000, seed=1
    )
    agreement = measure_agreement(decisions, ["decision"])
    assert defined(agreement.pairs[0].kappa).high - defined(agreement.pairs[0].kappa).low < 0.03


def test_kappa_weighs_the_steps_of_the_scale_and_not_its_values() -> None:
    answers: dict[str, list[AnswerValue | None]] = {
        "a": [0, 3, 4, 10, 0, 3, 4, 10],
        "b": [0, 3, 10, 10, 3, 4, 4, 0],
    }
    steps = {0: 1, 3: 2, 4: 3, 10: 4}
    (pair,) = measure_agreement(reviews("tone", answers), ratings=(0, 3, 4, 10)).pairs
    columns = [[steps[int(str(value))] for value in column] for column in answers.values()]
    expected = cohen_kappa_score(*columns, weights="quadratic")
    assert defined(pair.kappa).estimate == pytest.approx(expected)
    (by_value,) = measure_agreement(reviews("tone", answers)).pairs
    assert defined(by_value.kappa).estimate != pytest.approx(expected)


def test_ratings_from_before_a_scale_changed_are_still_compared() -> None:
    answers: dict[str, list[AnswerValue | None]] = {"a": [1, 2, 5, 1], "b": [1, 2, 5, 2]}
    (pair,) = measure_agreement(reviews("tone", answers), ratings=(1, 3)).pairs
    assert defined(pair.kappa).estimate > 0

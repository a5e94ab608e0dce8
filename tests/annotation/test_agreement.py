"""Agreement is compared with the reference packages, and with what simulations planted."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotation.agreement import krippendorff_alpha, measure_agreement
from annotation.coefficients import Bootstrap, Undefined, kappas
from annotation.scales import MeasurementLevel, Scale, scale_of
from db.records import Answer, AnswerValue, Interval, Review, ReviewerKind, ReviewStatus
from tests.annotation.fake_reviewers import FakeReviewer, simulate

QUICK = Bootstrap(draws=300)


def reviews(question: str, columns: dict[str, list[AnswerValue | None]]) -> list[Review]:
    """Reviews from a table: a column of answers for each reviewer, None where there is none."""
    return [
        Review(
            subject=f"record {row}", reviewer=name, reviewer_kind=ReviewerKind.PERSON,
            status=ReviewStatus.SUBMITTED, answers=(Answer(question, value),),
        )
        for name, column in columns.items()
        for row, value in enumerate(column)
        if value is not None
    ]  # fmt: skip


def defined(found: Interval | Undefined) -> Interval:
    assert isinstance(found, Interval), found
    return found


ratings = st.lists(
    st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=3, max_size=3),
    min_size=4,
    max_size=25,
)


@pytest.mark.parametrize("question", ["tone", "natural"])
@settings(deadline=None, max_examples=60)
@given(table=ratings)
def test_alpha_is_that_of_the_reference_package(
    question: str, table: list[list[int | None]]
) -> None:
    columns = {f"r{n}": [row[n] for row in table] for n in range(3)}
    found = krippendorff_alpha(reviews(question, columns), question, QUICK)  # type: ignore[arg-type]
    if isinstance(found, Interval):
        data = np.array([[v or np.nan for v in column] for column in columns.values()])
        level = "ordinal" if question == "tone" else "nominal"
        expected = krippendorff.alpha(data, level_of_measurement=level)  # type: ignore[arg-type]
        assert found.estimate == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(table=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=4, max_size=40))
def test_kappa_is_that_of_the_reference_package(table: list[tuple[int, int]]) -> None:
    columns: dict[str, list[AnswerValue | None]] = {
        "ann": [a for a, _ in table],
        "bob": [b for _, b in table],
    }
    for question, weights in (("tone", "quadratic"), ("natural", None)):
        found = measure_agreement(reviews(question, columns), [question], QUICK).pairs[0].kappa
        if isinstance(found, Interval):
            # Every step of the scale is listed, for the package takes places in the list for steps.
            labels = [1, 2, 3, 4, 5] if weights else None
            expected = cohen_kappa_score(*columns.values(), labels=labels, weights=weights)
            assert found.estimate == pytest.approx(expected, abs=1e-9)


def test_kappas_of_a_stack_are_those_of_its_tables() -> None:
    tables = np.random.default_rng(1).integers(1, 9, size=(4, 3, 3)).astype(float)
    penalties = scale_of("tone").penalties([1, 2, 3])
    together = kappas(tables, penalties)
    assert together == pytest.approx([float(kappas(t, penalties)) for t in tables])


def test_alpha_of_sets_by_hand() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": [("dry",), ("dry", "warm")] * 10,
        "bob": [("dry",), ("warm",)] * 10,
    }
    # Observed: distances 0 and 1/2, mean 1/4. Expected, of 20 dry, 10 both and 10 warm, over the
    # 40 · 39 ordered pairs: dry–both 1/2 · 400, dry–warm 1 · 400, both–warm 1/2 · 200.
    found = defined(krippendorff_alpha(reviews("traits", table), "traits", QUICK))
    assert found.estimate == pytest.approx(1 - (1 / 4) / (700 / (40 * 39)))


def test_the_order_in_which_labels_were_chosen_is_no_disagreement() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": [("dry", "warm"), ("calm",)] * 5,
        "bob": [("warm", "dry"), ("calm",)] * 5,
    }
    assert defined(krippendorff_alpha(reviews("traits", table), "traits", QUICK)).estimate == 1


def test_sides_of_a_comparison_have_the_scale_of_their_question() -> None:
    assert scale_of("tone_left") == scale_of("tone") == Scale(MeasurementLevel.ORDINAL)
    assert scale_of("somebody else's question").level is MeasurementLevel.NOMINAL


def test_the_same_answer_throughout_is_undefined_in_words() -> None:
    same: dict[str, list[AnswerValue | None]] = {"ann": ["approve"] * 9, "bob": ["approve"] * 9}
    found = krippendorff_alpha(reviews("decision", same), "decision")
    assert found == Undefined("every answer is “approve”: there is no variation to agree on")


def test_a_constant_reviewer_is_named_and_has_no_kappa() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": ["approve"] * 8,
        "bob": ["approve", "reject"] * 4,
    }
    found = measure_agreement(reviews("decision", table), ["decision"], QUICK)
    assert found.pairs[0].kappa == Undefined("ann always answered “approve”")
    assert [r.uninformative for r in found.reviewers] == ["always answers “approve”", ""]
    assert isinstance(found.questions[0].alpha, Interval)


def test_reviewers_who_share_no_record_have_no_agreement() -> None:
    table: dict[str, list[AnswerValue | None]] = {
        "ann": [1, 2, None, None],
        "bob": [None, None, 1, 2],
    }
    found = measure_agreement(reviews("tone", table), ["tone"], QUICK)
    assert found.questions[0].alpha == Undefined("no record has answers from two reviewers")
    assert found.pairs[0].kappa == Undefined("ann and bob share no record")


def test_discarded_reviews_are_no_answers() -> None:
    discarded = [
        Review(
            subject="record 0", reviewer=name, reviewer_kind=ReviewerKind.PERSON,
            status=ReviewStatus.DISCARDED, answers=(Answer("decision", "reject"),),
        )
        for name in ("ann", "bob")
    ]  # fmt: skip
    assert isinstance(krippendorff_alpha(discarded, "decision"), Undefined)


def test_figures_are_the_same_each_time() -> None:
    said = simulate([FakeReviewer("ann", 0.1), FakeReviewer("bob", 0.2)], records=80, seed=3)
    assert measure_agreement(said, ["decision"]) == measure_agreement(said, ["decision"])


def test_intervals_cover_the_planted_agreement_as_often_as_they_say() -> None:
    """Two reviewers who err at a known rate have a known κ; α is all but the same."""
    error, records, runs = 0.15, 150, 120
    same = (1 - error) ** 2 + error**2
    planted = (same - 0.5) / 0.5
    covered = {"alpha": 0, "kappa": 0}
    for seed in range(runs):
        said = simulate([FakeReviewer("ann", error), FakeReviewer("bob", error)], records, seed)
        alpha = defined(krippendorff_alpha(said, "decision", QUICK))
        kappa = defined(measure_agreement(said, ["decision"], QUICK).pairs[0].kappa)
        covered["alpha"] += alpha.low <= planted <= alpha.high
        covered["kappa"] += kappa.low <= planted <= kappa.high
    # 95 % of 120 is 114; three standard errors are 7.2.
    assert all(106 <= times <= runs for times in covered.values()), covered


def test_a_careless_and_a_biased_reviewer_stand_out() -> None:
    crew = [
        FakeReviewer("ann", 0.05),
        FakeReviewer("bob", 0.05),
        FakeReviewer("careless", 0.5),
        FakeReviewer("lenient", 0.05, approves_anyway=0.6),
    ]
    found = measure_agreement(simulate(crew, 300, seed=5), ["decision"])
    kappa = {r.reviewer: defined(r.kappa).estimate for r in found.reviewers}
    assert kappa["ann"] > kappa["lenient"] > kappa["careless"]
    flagged = [r.reviewer for r in found.reviewers if r.uninformative]
    assert flagged == ["careless"]


def test_agreement_of_many_records_takes_seconds() -> None:
    said = simulate([FakeReviewer("ann", 0.1), FakeReviewer("bob", 0.2)], records=20_000, seed=1)
    found = measure_agreement(said, ["decision"])
    assert defined(found.pairs[0].kappa).high - defined(found.pairs[0].kappa).low < 0.03

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Interval
from evaluation.errors import EvaluationError
from evaluation.statistics import (
    Outcome,
    Resampling,
    cliffs_delta,
    holm,
    is_non_inferior,
    mean_interval,
    outcome,
    over_seeds,
    paired_bootstrap,
    paired_rates,
    paired_shares,
    sign_flip_p,
    wilson,
)

QUICK = Resampling(samples=1000)
rates = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
values = st.lists(st.floats(-100, 100), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_equals_published_values(
    successes: int, n: int, low: float, high: float
) -> None:
    found = wilson(successes, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(rates)
def test_a_rate_lies_in_its_interval_and_mirrors_that_of_the_failures(
    rate: tuple[int, int],
) -> None:
    successes, n = rate
    found, mirror = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low == pytest.approx(1 - mirror.high, abs=1e-12)


def test_no_trials_have_no_rate() -> None:
    with pytest.raises(EvaluationError, match="measure at least one output"):
        wilson(0, 0)


def test_a_difference_of_paired_rates_equals_published_values() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 2635-2650: cells 36, 12, 2, 0, method 10
    a = [True] * 48 + [False] * 2
    b = [True] * 36 + [False] * 12 + [True] * 2
    found = paired_rates(a, b)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_rates_that_never_differ_still_leave_room_for_doubt() -> None:
    found = paired_rates([True] * 8, [False] * 8)
    assert found.estimate == 1
    assert 0.4 < found.low < 0.7
    means = paired_shares([0.5, 0.5], [0.0, 0.0])
    assert means.low < 0 < means.estimate == 0.5


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_a_difference_of_rates_turns_its_sign_with_the_sides(
    pairs: list[tuple[bool, bool]],
) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    there, back = paired_rates(a, b), paired_rates(b, a)
    assert -1 <= there.low <= there.estimate <= there.high <= 1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize("prompts", [8, 40])
def test_the_bootstrap_holds_the_true_difference_about_as_often_as_it_says(prompts: int) -> None:
    random = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        a, b = random.normal(0.3, 1, prompts), random.normal(0, 1, prompts)
        found = paired_bootstrap(a.tolist(), b.tolist(), None, QUICK)
        held += found.low <= 0.3 <= found.high
    assert 0.90 <= held / 400 <= 0.98


def test_drawing_whole_clusters_widens_the_interval_of_values_that_are_alike_within_them() -> None:
    values = [0.0] * 10 + [1.0] * 10 + [0.0] * 10 + [1.0] * 10
    clusters = [str(i // 10) for i in range(40)]
    alone, together = mean_interval(values), mean_interval(values, clusters)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


@given(values)
def test_a_mean_lies_in_its_interval_and_is_drawn_alike_each_time(numbers: list[float]) -> None:
    found = mean_interval(numbers, None, QUICK)
    assert found.low <= found.estimate <= found.high
    assert found == mean_interval(numbers, None, QUICK)


def test_seeds_have_students_interval_and_one_is_not_enough() -> None:
    found = over_seeds({0: [0.4, 0.6], 1: [0.6, 0.6], 2: [0.5, 0.5]})
    # means 0.5, 0.6, 0.5; t = 4.303 with two degrees of freedom
    side = 4.303 * np.std([0.5, 0.6, 0.5], ddof=1) / np.sqrt(3)
    assert found.estimate == pytest.approx(1.6 / 3)
    assert (found.low, found.high) == pytest.approx((1.6 / 3 - side, 1.6 / 3 + side))
    assert over_seeds({0: [0.5], 1: [0.6]}) == Interval(0.0, 0.55, 1.0)
    many = over_seeds({seed: [0.4 + 0.2 * (seed % 2)] for seed in range(22)})
    assert many.high - 0.5 == pytest.approx(2.080 * 0.1 / np.sqrt(21), abs=1e-4)
    with pytest.raises(EvaluationError, match="train with another seed"):
        over_seeds({0: [1.0]})


def test_an_interval_that_crosses_its_bound_is_undecided() -> None:
    assert outcome(Interval(0.1, 0.2, 0.3)) is Outcome.HIGHER
    assert outcome(Interval(-0.3, -0.2, -0.1)) is Outcome.LOWER
    assert outcome(Interval(-0.1, 0.2, 0.3)) is Outcome.UNDECIDED
    assert outcome(Interval(0.5, 0.6, 0.7), 0.5) is Outcome.UNDECIDED
    assert is_non_inferior(Interval(-0.04, 0.0, 0.1), 0.05)
    assert not is_non_inferior(Interval(-0.06, 0.0, 0.1), 0.05)


def test_sign_flips_of_yes_and_no_are_mcnemars_exact_test() -> None:
    # 8 against 2 discordant pairs: 2 · P(X ≤ 2 | 10, ½) = 112/1024
    a, b = [1] * 8 + [0] * 2 + [1] * 5, [0] * 8 + [1] * 2 + [1] * 5
    assert sign_flip_p(a, b) == pytest.approx(0.109375)
    assert sign_flip_p([1, 0], [1, 0]) == 1


def test_many_sign_flips_are_drawn_and_never_give_zero() -> None:
    assert 0 < sign_flip_p([1.0] * 50, [0.0] * 50) < 0.001


def test_p_values_of_no_effect_are_spread_evenly() -> None:
    random = np.random.default_rng(3)
    found = [
        sign_flip_p(random.normal(size=9).tolist(), random.normal(size=9).tolist(), QUICK)
        for _ in range(300)
    ]
    assert 0.02 < np.mean([p < 0.05 for p in found]) < 0.09


def test_cliffs_delta_counts_pairs() -> None:
    assert cliffs_delta([1, 2, 3], [0, 2, 2]) == pytest.approx(3 / 9)
    assert cliffs_delta([5], [1, 2]) == 1
    with pytest.raises(EvaluationError):
        cliffs_delta([], [1])


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_cliffs_delta_is_what_its_definition_says(a: list[int], b: list[int]) -> None:
    pairs = [(x > y) - (x < y) for x in a for y in b]
    assert cliffs_delta(a, b) == pytest.approx(sum(pairs) / len(pairs))


def test_holms_adjustment_equals_a_worked_example() -> None:
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(found) == ["a", "b", "c", "d"]


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8))
def test_holm_keeps_order_and_never_lowers_a_p_value(p_values: dict[str, float]) -> None:
    found = holm(p_values)
    assert all(p_values[name] <= p <= 1 for name, p in found.items())
    ordered = sorted(p_values, key=lambda name: (p_values[name], name))
    assert [found[name] for name in ordered] == sorted(found.values())


def test_sides_of_different_length_are_refused_in_one_sentence() -> None:
    with pytest.raises(EvaluationError, match="expected the same prompts on both sides"):
        paired_bootstrap([1, 2], [1])

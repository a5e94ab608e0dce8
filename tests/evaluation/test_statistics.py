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
def test_wilson_intervals_equal_published_values(
    successes: int, n: int, low: float, high: float
) -> None:
    result = wilson(successes, n)
    assert (result.low, result.high) == pytest.approx((low, high), abs=5e-5)


@given(rates)
def test_a_rate_is_in_its_interval_which_mirrors_that_of_the_failures(
    rate: tuple[int, int],
) -> None:
    successes, n = rate
    result, mirror = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= result.low <= result.estimate <= result.high <= 1
    assert result.low == pytest.approx(1 - mirror.high, abs=1e-12)


def test_a_rate_without_trials_is_rejected() -> None:
    with pytest.raises(EvaluationError, match="needs at least one trial"):
        wilson(0, 0)


def test_paired_rates_equal_published_values() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 2635-2650: cells 36, 12, 2, 0, method 10
    a = [True] * 48 + [False] * 2
    b = [True] * 36 + [False] * 12 + [True] * 2
    result = paired_rates(a, b)
    assert (result.low, result.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_unanimous_differences_have_a_wide_interval() -> None:
    result = paired_rates([True] * 8, [False] * 8)
    assert result.estimate == 1
    assert 0.4 < result.low < 0.7
    means = paired_shares([0.5, 0.5], [0.0, 0.0])
    assert means.low < 0 < means.estimate == 0.5


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_swapping_the_arms_flips_the_difference(pairs: list[tuple[bool, bool]]) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    there, back = paired_rates(a, b), paired_rates(b, a)
    assert -1 <= there.low <= there.estimate <= there.high <= 1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize("prompts", [8, 40])
def test_bootstrap_intervals_have_nominal_coverage(prompts: int) -> None:
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        a, b = random.normal(0.3, 1, prompts), random.normal(0, 1, prompts)
        result = paired_bootstrap(a.tolist(), b.tolist(), None, QUICK)
        covered += result.low <= 0.3 <= result.high
    assert 0.90 <= covered / 400 <= 0.98


def test_resampling_clusters_widens_the_interval_of_similar_values() -> None:
    values = [0.0] * 10 + [1.0] * 10 + [0.0] * 10 + [1.0] * 10
    clusters = [str(i // 10) for i in range(40)]
    alone, together = mean_interval(values), mean_interval(values, clusters)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


@given(values)
def test_a_mean_is_in_its_interval_which_is_deterministic(numbers: list[float]) -> None:
    result = mean_interval(numbers, None, QUICK)
    assert result.low <= result.estimate <= result.high
    assert result == mean_interval(numbers, None, QUICK)


def test_seeds_have_students_interval() -> None:
    result = over_seeds({0: [0.4, 0.6], 1: [0.6, 0.6], 2: [0.5, 0.5]})
    # means 0.5, 0.6, 0.5; t = 4.303 with two degrees of freedom
    side = 4.303 * np.std([0.5, 0.6, 0.5], ddof=1) / np.sqrt(3)
    assert result.estimate == pytest.approx(1.6 / 3)
    assert (result.low, result.high) == pytest.approx((1.6 / 3 - side, 1.6 / 3 + side))
    assert over_seeds({0: [0.5], 1: [0.6]}) == Interval(0.0, 0.55, 1.0)
    many = over_seeds({seed: [0.4 + 0.2 * (seed % 2)] for seed in range(22)})
    assert many.high - 0.5 == pytest.approx(2.080 * 0.1 / np.sqrt(21), abs=1e-4)


def test_one_seed_has_no_interval() -> None:
    with pytest.raises(EvaluationError, match="Train with another seed"):
        over_seeds({0: [1.0]})


def test_an_interval_that_contains_its_bound_is_undecided() -> None:
    assert outcome(Interval(0.1, 0.2, 0.3)) is Outcome.HIGHER
    assert outcome(Interval(-0.3, -0.2, -0.1)) is Outcome.LOWER
    assert outcome(Interval(-0.1, 0.2, 0.3)) is Outcome.UNDECIDED
    assert outcome(Interval(0.5, 0.6, 0.7), 0.5) is Outcome.UNDECIDED
    assert is_non_inferior(Interval(-0.04, 0.0, 0.1), 0.05)
    assert not is_non_inferior(Interval(-0.06, 0.0, 0.1), 0.05)


def test_sign_flips_of_0_and_1_equal_mcnemars_exact_test() -> None:
    # 8 against 2 discordant pairs: 2 · P(X ≤ 2 | 10, ½) = 112/1024
    a, b = [1] * 8 + [0] * 2 + [1] * 5, [0] * 8 + [1] * 2 + [1] * 5
    assert sign_flip_p(a, b) == pytest.approx(0.109375)
    assert sign_flip_p([1, 0], [1, 0]) == 1


def test_sampled_sign_flips_never_give_0() -> None:
    assert 0 < sign_flip_p([1.0] * 50, [0.0] * 50) < 0.001


def test_p_values_without_an_effect_are_uniform() -> None:
    random = np.random.default_rng(3)
    result = [
        sign_flip_p(random.normal(size=9).tolist(), random.normal(size=9).tolist(), QUICK)
        for _ in range(300)
    ]
    assert 0.02 < np.mean([p < 0.05 for p in result]) < 0.09


def test_cliffs_delta_counts_pairs() -> None:
    assert cliffs_delta([1, 2, 3], [0, 2, 2]) == pytest.approx(3 / 9)
    assert cliffs_delta([5], [1, 2]) == 1
    with pytest.raises(EvaluationError):
        cliffs_delta([], [1])


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_cliffs_delta_equals_its_definition(a: list[int], b: list[int]) -> None:
    pairs = [(x > y) - (x < y) for x in a for y in b]
    assert cliffs_delta(a, b) == pytest.approx(sum(pairs) / len(pairs))


def test_holm_equals_a_worked_example() -> None:
    result = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert result == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(result) == ["a", "b", "c", "d"]


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8))
def test_holm_keeps_order_and_never_lowers_a_p_value(p_values: dict[str, float]) -> None:
    result = holm(p_values)
    assert all(p_values[name] <= p <= 1 for name, p in result.items())
    ordered = sorted(p_values, key=lambda name: (p_values[name], name))
    assert [result[name] for name in ordered] == sorted(result.values())


def test_arms_of_different_length_are_rejected() -> None:
    with pytest.raises(EvaluationError, match="needs one value per prompt from both arms"):
        paired_bootstrap([1, 2], [1])

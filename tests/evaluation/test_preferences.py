import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.records import Answer, Review, ReviewerKind, ReviewStatus
from evaluation.preferences import (
    Sides,
    Vote,
    VoteChoice,
    bradley_terry,
    read_votes,
    summarise_votes,
    win_rates,
)
from evaluation.statistics import Resampling

QUICK = Resampling(samples=200)
PLANTED = {"base": -1.0, "prompted": 0.0, "tuned": 1.0}


def vote(
    left: str, right: str, choice: VoteChoice, comparison: str = "c", reviewer: str = "ada"
) -> Vote:
    return Vote(comparison, reviewer, ReviewerKind.PERSON, Sides(left, right), choice)


def planted_votes(count: int, seed: int) -> list[Vote]:
    """Votes sampled from a Bradley–Terry model with the planted strengths."""
    random = np.random.default_rng(seed)
    cast = []
    for i in range(count):
        left, right = random.choice(list(PLANTED), 2, replace=False)
        chance = 1 / (1 + np.exp(PLANTED[str(right)] - PLANTED[str(left)]))
        choice = VoteChoice.LEFT if random.random() < chance else VoteChoice.RIGHT
        cast.append(vote(str(left), str(right), choice, f"c{i}"))
    return cast


def test_votes_are_read_from_submitted_reviews_of_known_comparisons() -> None:
    reviews = [
        review("c1", "left"),
        review("c1", "tie", "bo"),
        review("c1", "right", status=ReviewStatus.DISCARDED),
        review("unknown", "left"),
        review("c2", "no such answer"),
    ]
    result = list(read_votes(reviews, {"c1": Sides("tuned", "base"), "c2": Sides("base", "tuned")}))
    assert [(v.reviewer, v.choice) for v in result] == [
        ("ada", VoteChoice.LEFT),
        ("bo", VoteChoice.TIE),
    ]
    assert [v.score("tuned") for v in result] == [1.0, 0.5]


def review(
    subject: str, choice: str, reviewer: str = "ada", status: ReviewStatus = ReviewStatus.SUBMITTED
) -> Review:
    return Review(
        subject=subject,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.PERSON,
        status=status,
        answers=(Answer("preference", choice), Answer("faithful_left", "yes")),
    )


def test_a_win_rate_counts_ties_as_half_on_either_side() -> None:
    cast = [
        vote("tuned", "base", VoteChoice.LEFT, "c1"),
        vote("base", "tuned", VoteChoice.RIGHT, "c2"),
        vote("base", "tuned", VoteChoice.TIE, "c3"),
        vote("base", "tuned", VoteChoice.LEFT, "c4"),
    ]
    (result,) = win_rates(cast)
    assert (result.first, result.wins, result.losses, result.ties) == ("base", 1, 2, 1)
    assert result.rate.estimate == pytest.approx(1.5 / 4)


def test_more_reviewers_of_the_same_answers_do_not_narrow_the_interval() -> None:
    once = [vote("a", "b", VoteChoice.LEFT, f"c{i}") for i in range(5)]
    often = [vote("a", "b", VoteChoice.LEFT, f"c{i}", name) for i in range(5) for name in "xyz"]
    assert win_rates(once)[0].rate == win_rates(often)[0].rate


def test_planted_strengths_are_recovered() -> None:
    result = {s.arm: s.score for s in bradley_terry(planted_votes(3000, 1), QUICK)}
    assert list(result) == ["tuned", "prompted", "base"]
    for arm, planted in PLANTED.items():
        assert result[arm].estimate == pytest.approx(planted, abs=0.15)


def test_strength_intervals_have_nominal_coverage() -> None:
    covered = [
        strength.score.low <= PLANTED[strength.arm] <= strength.score.high
        for seed in range(40)
        for strength in bradley_terry(planted_votes(150, seed), QUICK)
    ]
    assert 0.88 <= np.mean(covered) <= 0.99


def test_an_arm_that_never_lost_has_a_finite_strength() -> None:
    result = bradley_terry([vote("a", "b", VoteChoice.LEFT, f"c{i}") for i in range(6)], QUICK)
    assert result[0].arm == "a"
    assert 0.5 < result[0].score.estimate < 3


def test_two_arms_have_strengths_equal_to_their_odds() -> None:
    wins, losses = 30, 10
    cast = [vote("a", "b", VoteChoice.LEFT, f"w{i}") for i in range(wins)]
    cast += [vote("a", "b", VoteChoice.RIGHT, f"l{i}") for i in range(losses)]
    strong, weak = (s.score.estimate for s in bradley_terry(cast, QUICK))
    assert strong - weak == pytest.approx(np.log((wins + 0.5) / (losses + 0.5)))


def test_a_bias_to_the_left_side_is_visible() -> None:
    cast = [vote("a", "b", VoteChoice.LEFT, f"x{i}") for i in range(20)]
    cast += [vote("b", "a", VoteChoice.LEFT, f"y{i}") for i in range(20)]
    result = summarise_votes(cast, QUICK)
    assert result is not None
    assert result.left_rate.low > 0.5
    assert result.win_rates[0].rate.estimate == 0.5


def test_no_votes_give_no_preferences() -> None:
    assert summarise_votes([]) is None
    assert bradley_terry([]) == ()


arms = st.sampled_from("abcd")
cast_votes = st.lists(
    st.tuples(arms, arms, st.sampled_from(VoteChoice)).filter(lambda v: v[0] != v[1]), min_size=1
)


@settings(max_examples=30)
@given(cast_votes)
def test_strengths_sum_to_0_and_flip_with_the_votes(
    choices: list[tuple[str, str, VoteChoice]],
) -> None:
    other = {
        VoteChoice.LEFT: VoteChoice.RIGHT,
        VoteChoice.RIGHT: VoteChoice.LEFT,
        VoteChoice.TIE: VoteChoice.TIE,
    }
    cast = [vote(a, b, choice, str(i)) for i, (a, b, choice) in enumerate(choices)]
    turned = [vote(a, b, other[choice], str(i)) for i, (a, b, choice) in enumerate(choices)]
    there = {s.arm: s.score.estimate for s in bradley_terry(cast, Resampling(10))}
    back = {s.arm: s.score.estimate for s in bradley_terry(turned, Resampling(10))}
    assert sum(there.values()) == pytest.approx(0, abs=1e-9)
    assert all(there[arm] == pytest.approx(-back[arm], abs=0.05) for arm in there)

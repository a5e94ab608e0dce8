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
    """Votes render_figure from a Bradley–Terry model with the planted strengths."""
    random = np.random.default_rng(seed)
    cast = []
    for i in range(count):
        left, right = random.choice(list(PLANTED), 2, replace=False)
        chance = 1 / (1 + np.exp(PLANTED[str(right)] - PLANTED[str(left)]))
        choice = VoteChoice.LEFT if random.random() < chance else VoteChoice.RIGHT
        cast.append(vote(str(left), str(right), choice, f"c{i}"))
    return cast


def test_votes_are_read_from_blind_reviews_with_the_sides_handed_in() -> None:
    reviews = [
        review("c1", "left"),
        review("c1", "tie", "bo"),
        review("c1", "right", status=ReviewStatus.DISCARDED),
        review("unknown", "left"),
        review("c2", "no such answer"),
    ]
    found = list(read_votes(reviews, {"c1": Sides("tuned", "base"), "c2": Sides("base", "tuned")}))
    assert [(v.reviewer, v.choice) for v in found] == [
        ("ada", VoteChoice.LEFT),
        ("bo", VoteChoice.TIE),
    ]
    assert [v.score("tuned") for v in found] == [1.0, 0.5]


def review(
    subject: str,
    choice: str,
    reviewer: str = "ada",
    status: ReviewStatus = ReviewStatus.SUBMITTED,
) -> Review:
    return Review(
        subject=subject,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.PERSON,
        status=status,
        answers=(Answer("preference", choice), Answer("faithful_left", "yes")),
    )


def test_a_win_rate_counts_a_tie_as_half_and_the_sides_do_not_matter() -> None:
    cast = [
        vote("tuned", "base", VoteChoice.LEFT, "c1"),
        vote("base", "tuned", VoteChoice.RIGHT, "c2"),
        vote("base", "tuned", VoteChoice.TIE, "c3"),
        vote("base", "tuned", VoteChoice.LEFT, "c4"),
    ]
    (found,) = win_rates(cast)
    assert (found.first, found.wins, found.losses, found.ties) == ("base", 1, 2, 1)
    assert found.rate.estimate == pytest.approx(1.5 / 4)


def test_asking_several_reviewers_about_the_same_answers_does_not_narrow_the_interval() -> None:
    once = [vote("a", "b", VoteChoice.LEFT, f"c{i}") for i in range(5)]
    often = [vote("a", "b", VoteChoice.LEFT, f"c{i}", name) for i in range(5) for name in "xyz"]
    assert win_rates(once)[0].rate == win_rates(often)[0].rate


def test_strengths_that_were_planted_are_found() -> None:
    found = {s.arm: s.score for s in bradley_terry(planted_votes(3000, 1), QUICK)}
    assert list(found) == ["tuned", "prompted", "base"]
    for arm, planted in PLANTED.items():
        assert found[arm].estimate == pytest.approx(planted, abs=0.15)


def test_intervals_of_strengths_hold_the_planted_ones_about_as_often_as_they_say() -> None:
    held = [
        strength.score.low <= PLANTED[strength.arm] <= strength.score.high
        for seed in range(40)
        for strength in bradley_terry(planted_votes(150, seed), QUICK)
    ]
    assert 0.88 <= np.mean(held) <= 0.99


def test_an_arm_that_never_lost_has_a_finite_strength() -> None:
    found = bradley_terry([vote("a", "b", VoteChoice.LEFT, f"c{i}") for i in range(6)], QUICK)
    assert found[0].arm == "a"
    assert 0.5 < found[0].score.estimate < 3


def test_two_arms_have_the_strengths_of_their_odds() -> None:
    wins, losses = 30, 10
    cast = [vote("a", "b", VoteChoice.LEFT, f"w{i}") for i in range(wins)]
    cast += [vote("a", "b", VoteChoice.RIGHT, f"l{i}") for i in range(losses)]
    strong, weak = (s.score.estimate for s in bradley_terry(cast, QUICK))
    assert strong - weak == pytest.approx(np.log((wins + 0.5) / (losses + 0.5)))


def test_a_pull_of_the_left_side_shows() -> None:
    cast = [vote("a", "b", VoteChoice.LEFT, f"x{i}") for i in range(20)]
    cast += [vote("b", "a", VoteChoice.LEFT, f"y{i}") for i in range(20)]
    found = summarise_votes(cast, QUICK)
    assert found is not None
    assert found.left_rate.low > 0.5
    assert found.win_rates[0].rate.estimate == 0.5


def test_nobody_voting_is_nothing_rather_than_an_error() -> None:
    assert summarise_votes([]) is None
    assert bradley_terry([]) == ()


arms = st.sampled_from("abcd")
cast_votes = st.lists(
    st.tuples(arms, arms, st.sampled_from(VoteChoice)).filter(lambda v: v[0] != v[1]), min_size=1
)


@settings(max_examples=30)
@given(cast_votes)
def test_strengths_add_up_to_nothing_and_turn_with_the_votes(
    render_figure: list[tuple[str, str, VoteChoice]],
) -> None:
    other = {
        VoteChoice.LEFT: VoteChoice.RIGHT,
        VoteChoice.RIGHT: VoteChoice.LEFT,
        VoteChoice.TIE: VoteChoice.TIE,
    }
    cast = [vote(a, b, choice, str(i)) for i, (a, b, choice) in enumerate(render_figure)]
    turned = [vote(a, b, other[choice], str(i)) for i, (a, b, choice) in enumerate(render_figure)]
    there = {s.arm: s.score.estimate for s in bradley_terry(cast, Resampling(10))}
    back = {s.arm: s.score.estimate for s in bradley_terry(turned, Resampling(10))}
    assert sum(there.values()) == pytest.approx(0, abs=1e-9)
    assert all(there[arm] == pytest.approx(-back[arm], abs=0.05) for arm in there)

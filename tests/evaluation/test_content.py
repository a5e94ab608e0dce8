import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.errors import EvaluationError
from evaluation.measures.content import (
    FEATURES,
    answer_kept,
    content_measures,
    copied_share,
    figures,
    length_ratio,
    loops,
    names,
    names_kept,
    numbers_kept,
    paraphrase_ceiling,
    shuffled_floor,
    similarities,
    similarity,
)

REFERENCE = "Isaac Newton was born in 1642. He left Cambridge in 1665 with 1,250 notes."


def test_figures_are_compared_without_thousands_separators() -> None:
    assert figures("1,250 people, 3.5 % of 1990") == {"1250", "3.5", "1990"}
    assert numbers_kept(REFERENCE, "Born in 1642, he had 1250 notes.") == pytest.approx(2 / 3)
    assert numbers_kept("No figure here.", "3") is None


def test_names_are_capitalised_words_that_do_not_merely_open_a_sentence() -> None:
    text = "Isaac Newton left. Gravity is a force. In Paris he met Halley’s aunt."
    assert names(text) == {"Isaac", "Newton", "Paris", "Halley"}
    assert names_kept(text, "newton went to Paris") == 0.5
    assert names_kept("it rained.", "Paris") is None


def test_gold_answers_are_found_as_squad_compares_them() -> None:
    assert answer_kept(["the Eiffel Tower"], "It is, well, Eiffel tower!")
    assert not answer_kept(["art"], "a party")
    assert not answer_kept(["the"], "nothing left to find")


def test_lengths_are_counted_in_words() -> None:
    assert length_ratio("one two three four", "one two") == 0.5
    assert length_ratio("", "one") is None


def test_copying_is_five_words_in_a_row() -> None:
    passage = "The old tower was built in 1812 by the river."
    assert copied_share(passage, "The old tower was built in 1812 by the river.") == 1
    assert copied_share(passage, "Someone built that tower in 1812, near a river.") == 0
    assert copied_share(passage, "too short to say") is None


def test_a_loop_is_two_repeated_sequences_of_four_words() -> None:
    assert loops("it is the river and it is the river and it is")
    assert not loops("it is the river. Later on, it is the river again, wide and slow.")
    assert not loops("")


def test_similarity_is_the_cosine_of_unit_vectors() -> None:
    a, b = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    assert similarity(a, b) == pytest.approx(0.6)
    assert similarities([a, b], [b, b]) == pytest.approx([0.6, 1.0])


def test_the_floor_leaves_out_each_answers_own_reference() -> None:
    rows = np.eye(4)
    assert shuffled_floor(rows, rows).estimate == 0
    assert paraphrase_ceiling(rows, rows).estimate == 1


@given(st.integers(2, 12), st.integers(0, 1000))
def test_the_floor_is_the_mean_over_all_pairs_of_others(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, count, 5))
    others = [float(a[i] @ b[j]) for i in range(count) for j in range(count) if i != j]
    floor = shuffled_floor(a, b)
    assert floor.estimate == pytest.approx(np.mean(others))
    assert floor.low <= floor.estimate <= floor.high


def test_vectors_that_do_not_match_are_refused_in_one_sentence() -> None:
    with pytest.raises(EvaluationError, match="expected two equal"):
        similarities(np.eye(2), np.eye(3))
    with pytest.raises(EvaluationError, match="2 or more for a shuffled floor"):
        shuffled_floor(np.eye(1), np.eye(1))


def test_measures_leave_out_what_a_pair_does_not_define() -> None:
    assert set(content_measures("It rained.", "it rained.")) == {"length_ratio", "loops"}
    whole = content_measures(f"{REFERENCE} So.", REFERENCE, REFERENCE, 0.9)
    assert set(whole) == {feature.name for feature in FEATURES}
    assert whole["numbers_kept"] == whole["names_kept"] == 1


def test_feature_names_are_stable_because_kept_measures_bear_them() -> None:
    assert [feature.name for feature in FEATURES] == [
        "similarity", "numbers_kept", "names_kept", "length_ratio", "copied_share", "loops",
    ]  # fmt: skip


@given(st.text(max_size=120), st.text(max_size=120))
def test_shares_lie_between_0_and_1(answer: str, reference: str) -> None:
    found = content_measures(answer, reference, reference)
    shares = {feature.name for feature in FEATURES if feature.share} & set(found)
    assert all(0 <= found[name] <= 1 for name in shares)

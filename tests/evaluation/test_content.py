import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.errors import EvaluationError
from evaluation.measures.content import (
    FEATURES,
    content_measures,
    copied_share,
    length_ratio,
    loops,
    names,
    names_kept,
    numbers,
    numbers_kept,
    paraphrase_ceiling,
    shuffled_floor,
    similarities,
)

REFERENCE = "Isaac Newton was born in 1642. He left Cambridge in 1665 with 1,250 notes."


def test_numbers_are_compared_without_thousands_separators() -> None:
    assert numbers("1,250 people, 3.5 % of 1990") == {"1250", "3.5", "1990"}
    assert numbers_kept(REFERENCE, "Born in 1642, he had 1250 notes.") == pytest.approx(2 / 3)
    assert numbers_kept("No figure here.", "3") is None


def test_a_capitalised_first_word_alone_is_no_name() -> None:
    text = "Isaac Newton left. Gravity is a force. In Paris he met Halley’s aunt."
    assert names(text) == {"Isaac", "Newton", "Paris", "Halley"}
    assert names_kept(text, "newton went to Paris") == 0.5
    assert names_kept("it rained.", "Paris") is None


def test_lengths_are_counted_in_words() -> None:
    assert length_ratio("one two three four", "one two") == 0.5
    assert length_ratio("", "one") is None


def test_five_words_in_a_row_count_as_copied() -> None:
    passage = "The old tower was built in 1812 by the river."
    assert copied_share(passage, "The old tower was built in 1812 by the river.") == 1
    assert copied_share(passage, "Someone built that tower in 1812, near a river.") == 0
    assert copied_share(passage, "too short to say") is None


def test_two_repeated_sequences_of_four_words_are_a_loop() -> None:
    assert loops("it is the river and it is the river and it is")
    assert not loops("it is the river. Later on, it is the river again, wide and slow.")
    assert not loops("")


def test_similarity_is_the_cosine_of_unit_vectors() -> None:
    a, b = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    assert similarities([a, b], [b, b]) == pytest.approx([0.6, 1.0])


def test_the_floor_excludes_each_answers_own_reference() -> None:
    rows = np.eye(4)
    assert shuffled_floor(rows, rows).estimate == 0
    assert paraphrase_ceiling(rows, rows).estimate == 1


@given(st.integers(2, 12), st.integers(0, 1000))
def test_the_floor_is_the_mean_over_all_other_pairs(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, count, 5))
    others = [float(a[i] @ b[j]) for i in range(count) for j in range(count) if i != j]
    floor = shuffled_floor(a, b)
    assert floor.estimate == pytest.approx(np.mean(others))
    assert floor.low <= floor.estimate <= floor.high


def test_vectors_of_different_shapes_are_rejected() -> None:
    with pytest.raises(EvaluationError, match="of the same shape"):
        similarities(np.eye(2), np.eye(3))
    with pytest.raises(EvaluationError, match="only with 2 or more answers"):
        shuffled_floor(np.eye(1), np.eye(1))


def test_undefined_measures_are_left_out() -> None:
    assert set(content_measures("It rained.", "it rained.")) == {"length_ratio", "loops"}
    whole = content_measures(f"{REFERENCE} So.", REFERENCE, REFERENCE, 0.9)
    assert set(whole) == {feature.name for feature in FEATURES}
    assert whole["numbers_kept"] == whole["names_kept"] == 1


def test_feature_names_are_those_of_stored_measures() -> None:
    names = "similarity numbers_kept names_kept length_ratio copied_share loops"
    assert [feature.name for feature in FEATURES] == names.split()


@given(st.text(max_size=120), st.text(max_size=120))
def test_shares_are_between_0_and_1(answer: str, reference: str) -> None:
    measures = content_measures(answer, reference, reference)
    shares = {feature.name for feature in FEATURES if feature.share} & set(measures)
    assert all(0 <= measures[name] <= 1 for name in shares)

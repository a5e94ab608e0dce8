import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.measures.tone import (
    FEATURES,
    flesch_reading_ease,
    is_conversational,
    tone_measures,
)

PLATYPUS = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
PASSAGE = "This sentence, taken as a reading passage unto itself, is being used to prove a point."
TALK = "Sure! It's a bridge in Lisbon, and you know what? I think it's about 2 miles long."
ENCYCLOPEDIA = (
    "The bridge, which connects the city with the southern bank of the estuary, was inaugurated in "
    "1966 and constituted the longest suspension bridge of the continent at that time."
)


@pytest.mark.parametrize(
    ("text", "published"), [("The cat sat on the mat.", 116.1), (PASSAGE, 69.0), (PLATYPUS, 37.5)]
)
def test_reading_ease_equals_published_values(text: str, published: float) -> None:
    assert flesch_reading_ease(text) == pytest.approx(published, abs=0.05)


def test_reading_ease_follows_its_formula() -> None:
    text = "I saw the red bird. It sang a tune today."
    words, spoken = 10, 11
    assert flesch_reading_ease(text) == pytest.approx(
        206.835 - 1.015 * words / 2 - 84.6 * spoken / words
    )


def test_talk_is_conversational_and_an_encyclopedia_is_not() -> None:
    assert is_conversational(TALK)
    assert not is_conversational(ENCYCLOPEDIA)


@pytest.mark.parametrize(
    "text",
    [
        "The cat sat. The dog ran. The sun was hot.",  # short words and sentences alone
        "You you you you you you you.",  # one sign over and over
        "It's a bridge. It's long. It's red. It's there.",  # contractions alone
        "What is the bridge? Where is the bridge?",  # questions alone
        f"- {TALK}\n- {TALK}",  # all the signs, but a list
        f"**{TALK}**",  # all the signs, but markdown
        "",
        "…",
    ],
)
def test_no_single_feature_makes_a_text_conversational(text: str) -> None:
    assert not is_conversational(text)


def test_hard_or_endless_sentences_are_not_conversational() -> None:
    hard = f"So, you know, I think it's institutionally {'incomprehensible ' * 4}."
    endless = "So you know I think it's that " + "the red cat and " * 12 + "so on."
    assert not is_conversational(hard)
    assert not is_conversational(endless)


def test_each_feature_counts_its_words() -> None:
    measures = tone_measures("Well, I don't know. You know, we've 3 of yours! Isn't it so?")
    words = measures["words"]
    counts = {name: round(value * words / 100) for name, value in measures.items()}
    assert words == 13
    assert counts["first_person"] == 2
    assert counts["second_person"] == 1
    assert counts["contractions"] == 3
    assert counts["questions"] == 1
    assert counts["discourse_words"] == 2


def test_numerals_countries_and_common_senses_are_not_counted() -> None:
    measures = tone_measures("In World War I the US fought as well. The right bank is so far.")
    assert measures["first_person"] == 0
    assert measures["discourse_words"] == 0


def test_formatting_is_counted() -> None:
    measures = tone_measures(
        "## Title\n- **one** thing\n- `two` [things](https://example.org)\nend"
    )
    assert measures["list_lines"] == 0.5
    assert measures["markdown"] * measures["words"] / 100 == pytest.approx(6)
    assert tone_measures("2 * 3 * 4 is 24, a snake_case_name and 5 - 3")["markdown"] == 0


def test_feature_names_are_those_of_stored_measures() -> None:
    names = (
        "flesch_reading_ease words words_per_sentence first_person second_person contractions "
        "questions discourse_words list_lines markdown"
    )
    assert [feature.name for feature in FEATURES] == names.split()


@given(st.text(max_size=200))
def test_every_feature_of_any_text_is_finite(text: str) -> None:
    measures = tone_measures(text)
    assert set(measures) == {feature.name for feature in FEATURES}
    assert all(abs(value) < 1e6 for value in measures.values())
    assert measures["flesch_reading_ease"] == pytest.approx(flesch_reading_ease(text))


@given(st.sampled_from([TALK, ENCYCLOPEDIA, PASSAGE]), st.integers(2, 4))
def test_rates_do_not_depend_on_length(text: str, times: int) -> None:
    once, often = tone_measures(text), tone_measures(" ".join([text] * times))
    assert often["contractions"] == pytest.approx(once["contractions"])
    assert often["flesch_reading_ease"] == pytest.approx(once["flesch_reading_ease"])

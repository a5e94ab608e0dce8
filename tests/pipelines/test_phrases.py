import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.teachers.phrasebook.phrases import check_phrase, expand, slots_of


def rng(seed: int) -> Random:
    return Random(seed)  # noqa: S311 # not a secret


def test_expand_can_pick_every_alternative() -> None:
    texts = {expand("{Sure|Of course}, {so|well}.", rng(n), {}) for n in range(60)}
    assert texts == {"Sure, so.", "Sure, well.", "Of course, so.", "Of course, well."}


def test_alternatives_can_contain_slots_and_choices() -> None:
    texts = {expand("{About {topic}|{Oh|Ah}}!", rng(n), {"topic": "tides"}) for n in range(60)}
    assert texts == {"About tides!", "Oh!", "Ah!"}


def test_spaces_around_an_empty_alternative_are_cleaned_up() -> None:
    assert expand("Well {|} , yes {|}.", rng(1), {}) == "Well, yes."


def test_a_missing_slot_is_an_error() -> None:
    with pytest.raises(KeyError, match="topic"):
        expand("{topic}", rng(1), {})


@given(st.text())
def test_a_slot_can_be_filled_with_any_text(text: str) -> None:
    assert "{" not in expand("About {topic}.", rng(1), {"topic": text})


def test_slots_of_ignores_choices() -> None:
    assert slots_of("{a b|c} {topic} {x|{name}}") == {"topic", "name"}


def test_a_valid_phrase_passes_its_check() -> None:
    assert check_phrase("{Sure|Of course}", set()) == "{Sure|Of course}"


@pytest.mark.parametrize(
    ("phrase", "error"),
    [
        ("{Sure", "the braces in “{Sure” don't match; close each one"),
        ("}{", "the braces in “}{” don't match; close each one"),
        ("{topic}", "“{topic}” has the unknown slot {topic}; use one of name"),
        ("{{a|b}}", "“{{a|b}}” has braces around a single alternative; remove the braces"),
        ("{x{a|b}}", "“{x{a|b}}” has braces around a single alternative; remove the braces"),
        ("{a b}", "“{a b}” has braces around a single alternative; remove the braces"),
    ],
)
def test_a_phrase_with_wrong_braces_or_slots_is_rejected(phrase: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        check_phrase(phrase, {"name"})

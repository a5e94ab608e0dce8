from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.teachers.phrases import expand, faults, slots_of


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 # no secret


def test_every_choice_is_made_sooner_or_later() -> None:
    made = {expand("{Sure|Of course}, {so|well}.", dice(n), {}) for n in range(60)}
    assert made == {"Sure, so.", "Sure, well.", "Of course, so.", "Of course, well."}


def test_choices_may_hold_slots_and_choices() -> None:
    made = {expand("{About {topic}|{Oh|Ah}}!", dice(n), {"topic": "tides"}) for n in range(60)}
    assert made == {"About tides!", "Oh!", "Ah!"}


def test_spaces_left_by_an_empty_choice_are_set_right() -> None:
    assert expand("Well {|} , yes {|}.", dice(1), {}) == "Well, yes."


def test_a_slot_that_is_not_filled_is_an_error() -> None:
    with pytest.raises(KeyError, match="topic"):
        expand("{topic}", dice(1), {})


@given(st.text())
def test_a_slot_may_be_filled_with_anything(text: str) -> None:
    assert "{" not in expand("About {topic}.", dice(1), {"topic": text})


def test_slots_are_told_from_choices() -> None:
    assert slots_of("{a b|c} {topic} {x|{name}}") == {"topic", "name"}


def test_faults_are_sentences() -> None:
    assert faults("{Sure|Of course}", set()) == []
    assert faults("{Sure", set()) == ["the braces of “{Sure” do not match: close each one"]
    assert faults("}{", set()) == ["the braces of “}{” do not match: close each one"]
    assert faults("{topic}", {"name"}) == ["“{topic}” has the unknown slot {topic}: there is name"]
    for lone in ("{{a|b}}", "{x{a|b}}", "{a b}"):
        assert faults(lone, set()) == [
            f"“{lone}” has braces around a single choice: take them away"
        ]

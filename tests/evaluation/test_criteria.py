from pathlib import Path

import pytest

from evaluation.errors import EvaluationError
from evaluation.measures.criteria import Bound, Criterion, persona_criterion, tone_criterion
from evaluation.measures.tone import is_conversational
from tests.evaluation.samples import MIXED, PLAIN, TALK, answers
from timbre.campaign import load_tone

TONES = Path(__file__).parents[2] / "configs" / "tones"


def shipped(name: str) -> Criterion:
    tone = load_tone(TONES / f"{name}.toml")
    bounds = [Bound(bound.measure, bound.at_least, bound.at_most) for bound in tone.target.bounds]
    return tone_criterion(tone.name, bounds, tone.target.signs, tone.target.signs_of)


def test_the_shipped_conversational_tone_is_the_rule_that_the_code_knows() -> None:
    aim = shipped("conversational")
    texts = [*answers(PLAIN), *answers(TALK), *answers(MIXED), "", "- You know\n- I'd say so"]
    found = [aim.measure(text)["conversational"] > 0 for text in texts]
    assert found == [is_conversational(text) for text in texts]
    assert len(set(found)) == 2


def test_another_tone_has_a_target_of_its_own() -> None:
    aim = shipped("plain-language")
    plain = "The lake is deep. A glacier made it. Two rivers flow into it."
    assert aim.feature.label == "Plain language"
    assert aim.measure(plain)["plain-language"] == 1
    assert aim.measure("It's deep, isn't it?")["plain-language"] == 0
    assert "contractions" in aim.feature.description


def test_a_persona_is_shown_by_its_traits() -> None:
    aim = persona_criterion({"dry": ("not my worst",), "patient": ("no hurry",)})
    measures = aim.measure("No hurry. That's not my worst subject.")
    assert measures["trait.dry"] == measures["trait.patient"] == measures["in_character"] == 1
    assert [feature.name for feature in aim.trait_features] == ["trait.dry", "trait.patient"]


def test_a_changed_target_is_another_definition_of_the_measure() -> None:
    first = tone_criterion("calm", [Bound("questions", at_most=0)])
    second = tone_criterion("calm", [Bound("questions", at_most=1)])
    assert first.source_of("calm") != second.source_of("calm")
    assert first.source_of("questions") == second.source_of("questions")


@pytest.mark.parametrize(
    ("bounds", "signs", "found"),
    [
        ([], 0, "0 bounds"),
        ([Bound("questions", at_most=0)], 2, "2 of 0 signs"),
        ([Bound("charm", at_least=1)], 0, "“charm”"),
    ],
)
def test_a_target_that_cannot_be_measured_is_refused(
    bounds: list[Bound], signs: int, found: str
) -> None:
    with pytest.raises(EvaluationError, match=found):
        tone_criterion("calm", bounds, signs)


def test_a_persona_without_traits_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no trait"):
        persona_criterion({})

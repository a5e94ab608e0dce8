from pathlib import Path

import pytest

from evaluation.criteria import (
    Bound,
    Criterion,
    ToneTarget,
    persona_criterion,
    tone_criterion,
)
from evaluation.errors import EvaluationError
from evaluation.measures.tone import is_conversational
from evaluation.scorers.criteria import Criteria
from evaluation.scorers.emoji import EmojiCriterion
from evaluation.scorers.person import PersonCriterion
from tests.evaluation.samples import MIXED, PLAIN, TALK, answers
from timbre.campaign import load_tone

TONES = Path(__file__).parents[2] / "configs" / "tones"


def shipped(name: str) -> Criterion:
    tone = load_tone(TONES / f"{name}.toml")
    bounds = [Bound(bound.measure, bound.at_least, bound.at_most) for bound in tone.target.bounds]
    return tone_criterion(tone.name, ToneTarget(bounds, tone.target.signs, tone.target.signs_of))


def test_the_shipped_conversational_tone_equals_the_built_in_rule() -> None:
    criterion = shipped("conversational")
    texts = [*answers(PLAIN), *answers(TALK), *answers(MIXED), "", "- You know\n- I'd say so"]
    results = [criterion.measure(text)["conversational"] > 0 for text in texts]
    assert results == [is_conversational(text) for text in texts]
    assert len(set(results)) == 2


def test_another_tone_has_its_own_target() -> None:
    criterion = shipped("plain-language")
    plain = "The lake is deep. A glacier made it. Two rivers flow into it."
    assert criterion.feature.label == "Plain language"
    assert criterion.measure(plain)["plain-language"] == 1
    assert criterion.measure("It's deep, isn't it?")["plain-language"] == 0
    assert "contractions" in criterion.feature.description


def test_a_persona_is_measured_by_its_traits() -> None:
    criterion = persona_criterion({"dry": ("not my worst",), "patient": ("no hurry",)})
    measures = criterion.measure("No hurry. That's not my worst subject.")
    assert measures["trait.dry"] == measures["trait.patient"] == measures["in_character"] == 1
    assert [feature.name for feature in criterion.trait_features] == ["trait.dry", "trait.patient"]


def test_a_changed_target_changes_the_source_of_the_measure() -> None:
    first = tone_criterion("calm", ToneTarget([Bound("questions", at_most=0)]))
    second = tone_criterion("calm", ToneTarget([Bound("questions", at_most=1)]))
    assert first.source_of("calm") != second.source_of("calm")
    assert first.source_of("questions") == second.source_of("questions")


@pytest.mark.parametrize(
    ("bounds", "signs", "problem"),
    [
        ([], 0, "“calm” has no bounds"),
        ([Bound("questions", at_most=0)], 2, "requires 2 signs, but lists only 0"),
        ([Bound("charm", at_least=1)], 0, "“charm”"),
    ],
)
def test_a_target_that_cannot_be_measured_is_rejected(
    bounds: list[Bound], signs: int, problem: str
) -> None:
    with pytest.raises(EvaluationError, match=problem):
        tone_criterion("calm", ToneTarget(bounds, signs))


@pytest.mark.parametrize("traits", [{}, {"proud": ()}])
def test_a_persona_with_nothing_to_measure_is_rejected(traits: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(EvaluationError, match="No trait of the persona has `markers`"):
        persona_criterion(traits)


def test_traits_without_markers_are_left_out_of_a_criterion() -> None:
    criterion = persona_criterion({"proud": ("my lamp",), "shy": ()})
    assert criterion == persona_criterion({"proud": ("my lamp",)})
    assert criterion.measure("I trim my lamp.")["in_character"] == 1
    assert criterion.find_problems("I trim a lamp.") == ["too few of the traits' `markers`"]


def test_a_persona_without_markers_is_measured_by_its_criteria_alone() -> None:
    criterion = persona_criterion({"proud": ()}, Criteria(emoji=EmojiCriterion(at_most=0)))
    assert criterion.feature.label == "Within the criteria"
    assert "isn’t measured" in criterion.feature.description
    assert criterion.trait_features == ()
    assert criterion.measure("I trim a lamp.")["in_character"] == 1
    assert criterion.measure("I trim a lamp 🙂")["in_character"] == 0
    assert criterion.find_problems("I trim a lamp 🙂") == ["it has 1 emoji"]


def test_what_a_text_lacks_is_said_in_words() -> None:
    criterion = shipped("conversational")
    long = "The ship " + "sailed on and on and on " * 6 + "to the island."
    assert criterion.find_problems(long) == [
        "words per sentence of at most 20 needed, but it is 41",
        "0 of at least 2 signs",
    ]
    assert criterion.find_problems("So, you know, I think it's fine.") == []


def test_a_tone_with_criteria_is_called_the_tone_in_reports() -> None:
    rules = Criteria(person=PersonCriterion(required=("we",)))
    feature = tone_criterion("pedalo", ToneTarget(), rules).feature
    assert (feature.name, feature.label) == ("pedalo", "In the tone")
    expected = "An answer is in the tone when all of this holds: it uses “we”."
    assert feature.description == expected


def test_a_shipped_tone_keeps_its_name_as_label_with_criteria() -> None:
    rules = Criteria(markdown="forbidden")
    target = ToneTarget([Bound("words_per_sentence", at_most=20)])
    feature = tone_criterion("plain-language", target, rules).feature
    assert feature.label == "Plain language"
    assert feature.description == (
        "An answer counts as plain-language when it has words per sentence of at most 20; "
        "no Markdown."
    )

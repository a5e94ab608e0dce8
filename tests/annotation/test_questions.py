"""The settings people work with, kept as golden files so that a change of them is seen.

To renew them after a change that is meant: delete the file and run the test twice.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotation.errors import AnnotationError
from annotation.guidelines import LONGEST
from annotation.questions import candidate_settings, comparison_settings
from annotation.review_settings import ReviewSettings, StyleRule
from tests.annotation.records import PERSONA, TONE, offline_client

GOLDEN = Path(__file__).parents[1] / "golden" / "annotation"
Build = Callable[[Any, ReviewSettings], Any]


@pytest.mark.parametrize("settings", [TONE, PERSONA], ids=["tone", "persona"])
@pytest.mark.parametrize("build", [candidate_settings, comparison_settings])
def test_the_settings_are_as_they_were(build: Build, settings: ReviewSettings) -> None:
    built = build(offline_client(), settings).serialize()
    guidelines = built.pop("guidelines")
    name = f"{build.__name__}-{settings.subject.lower()}"
    _compare(GOLDEN / f"{name}.json", json.dumps(built, indent=1, ensure_ascii=False) + "\n")
    _compare(GOLDEN / f"{name}.md", guidelines)


@pytest.mark.parametrize("settings", [TONE, PERSONA], ids=["tone", "persona"])
@pytest.mark.parametrize("build", [candidate_settings, comparison_settings])
def test_every_question_asked_is_explained_in_the_guidelines(
    build: Build, settings: ReviewSettings
) -> None:
    built = build(offline_client(), settings)
    explained = {
        "tone": settings.scale_question,
        "natural": "Would somebody say it like this?",
        "faithful": "Does the passage say",
        "wrong": "Mark the wrong words",
        "decision": "Should a model learn from it?",
        "reasons": "tick why",
        "improved": "Improve the text",
        "preference": "Which is the better answer?",
        "traits": "Which traits does it show?",
    }
    for question in built.questions:
        name = question.name.removesuffix("_left").removesuffix("_right")
        assert explained[name] in built.guidelines, name
        # The scale's own examples stand under it; each other question has two of its own.
        begin = built.guidelines.index(explained[name])
        paragraphs = built.guidelines[begin:].split("\n\n**")[0]
        assert name == "reasons" or paragraphs.count("\n- ") >= 2, name
    assert built.guidelines.count("## Two worked examples") == 1


def test_comparisons_hold_nothing_beside_the_two_answers_and_their_source() -> None:
    built = comparison_settings(offline_client(), TONE)
    assert [field.name for field in built.fields] == ["question", "left", "right", "passage"]
    assert list(built.metadata) == []
    assert list(built.vectors) == []
    assert built.allow_extra_metadata is False


def test_a_persona_is_asked_about_traits_and_a_tone_about_its_scale() -> None:
    tone = {q.name for q in candidate_settings(offline_client(), TONE).questions}
    persona = {q.name for q in candidate_settings(offline_client(), PERSONA).questions}
    assert tone - persona == {"tone", "faithful", "wrong"}
    assert persona - tone == {"traits"}


def test_guidelines_longer_than_argilla_takes_are_refused() -> None:
    talkative = ReviewSettings("x", style_rules=(StyleRule("Do", "a" * LONGEST, "b"),))
    with pytest.raises(AnnotationError, match="expected at most 10000"):
        candidate_settings(offline_client(), talkative)


def _compare(path: Path, text: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} was not there and has been written: read it, then run again")
    assert text == path.read_text(encoding="utf-8")

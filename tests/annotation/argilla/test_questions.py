"""The Argilla settings equal their golden files.

To update a golden file after an intended change, delete it and run the test twice.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from annotation.argilla.questions import candidate_settings, comparison_settings
from annotation.errors import AnnotationError
from annotation.guidelines import MAX_LENGTH
from annotation.review_settings import Basis, ReviewSettings, StyleRule
from tests.annotation.records import PERSONA, TONE, offline_client

GOLDEN = Path(__file__).parents[2] / "golden" / "annotation"
Build = Callable[[Any, ReviewSettings], Any]


@pytest.mark.parametrize("settings", [TONE, PERSONA], ids=["tone", "persona"])
@pytest.mark.parametrize("build", [candidate_settings, comparison_settings])
def test_settings_equal_the_golden_files(build: Build, settings: ReviewSettings) -> None:
    built = build(offline_client(), settings).serialize()
    guidelines = built.pop("guidelines")
    name = f"{build.__name__}-{settings.subject.lower()}"
    _compare(GOLDEN / f"{name}.json", json.dumps(built, indent=1, ensure_ascii=False) + "\n")
    _compare(GOLDEN / f"{name}.md", guidelines)


@pytest.mark.parametrize(
    "settings",
    [
        TONE,
        replace(TONE, basis=Basis.ORIGINAL),
        replace(TONE, basis=Basis.NOTHING),
        PERSONA,
    ],
    ids=["tone", "rewrites", "chats", "persona"],
)
@pytest.mark.parametrize("build", [candidate_settings, comparison_settings])
def test_the_guidelines_explain_every_question(build: Build, settings: ReviewSettings) -> None:
    built = build(offline_client(), settings)
    phrases = {
        "tone": settings.scale_question,
        "natural": "Would somebody say it like this?",
        "faithful": "Does it say the same as the original answer?"
        if settings.basis is Basis.ORIGINAL
        else "Does the passage support",
        "wrong": "Mark what is wrong",
        "decision": "Should a model learn from it?",
        "reasons": "tick why",
        "improved": "Improve the text",
        "preference": "Which answer is better?",
        "traits": "Which traits does it show?",
    }
    for question in built.questions:
        name = question.name.removesuffix("_left").removesuffix("_right")
        assert phrases[name] in built.guidelines, name
        # Every question has two examples, except the one that asks for reasons.
        begin = built.guidelines.index(phrases[name])
        paragraphs = built.guidelines[begin:].split("\n\n**")[0]
        assert name == "reasons" or paragraphs.count("\n- ") >= 2, name
    assert built.guidelines.count("## Two worked examples") == 1
    assert built.guidelines.count("**Keys:**") == 1
    if settings.basis is not Basis.PASSAGE and build is candidate_settings:
        assert "passage" not in built.guidelines.lower()


def test_span_labels_have_clearly_different_colours_in_the_web_ui() -> None:
    (question,) = (
        q for q in candidate_settings(offline_client(), TONE).questions if q.name == "wrong"
    )
    hues = [_hue(label) for label in question.labels]
    gaps = [abs(a - b) for n, a in enumerate(hues) for b in hues[:n]]
    assert min(min(gap, 360 - gap) for gap in gaps) >= 90


def test_comparisons_have_no_metadata_and_no_vectors() -> None:
    built = comparison_settings(offline_client(), TONE)
    assert [field.name for field in built.fields] == ["question", "left", "right", "passage"]
    assert list(built.metadata) == []
    assert list(built.vectors) == []
    assert built.allow_extra_metadata is False


def test_personas_have_traits_and_tones_have_a_scale() -> None:
    tone = {q.name for q in candidate_settings(offline_client(), TONE).questions}
    persona = {q.name for q in candidate_settings(offline_client(), PERSONA).questions}
    assert tone - persona == {"tone", "faithful", "wrong"}
    assert persona - tone == {"traits"}


def test_too_long_guidelines_are_rejected() -> None:
    long_settings = ReviewSettings("x", style_rules=(StyleRule("Do", "a" * MAX_LENGTH, "b"),))
    with pytest.raises(AnnotationError, match="Argilla accepts at most 10000"):
        candidate_settings(offline_client(), long_settings)


def _hue(label: str) -> int:
    """The hue that Argilla 2.8 derives from a label's value: a hash in JavaScript's arithmetic."""
    value = 0
    for character in label:
        shifted = (value << 5) & 0xFFFFFFFF
        signed = shifted - (1 << 32) if shifted >= 1 << 31 else shifted
        value = ord(character) + signed - value
    return abs(value) % 360


def _compare(path: Path, text: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} was missing and has been written: read it and run the test again")
    assert text == path.read_text(encoding="utf-8")

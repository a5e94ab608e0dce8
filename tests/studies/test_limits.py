"""Which values of a study's file are refused before anything is made."""

from dataclasses import replace

import pytest

from studies.errors import StudyError
from studies.finetune_api import Provider
from studies.knowledge import MultipleChoice, OpenQuestion, Questions
from studies.ladder import LadderConfig
from studies.limits import within_limits
from studies.persona import PersonaStudy
from studies.tone import ToneStudy

TONE = ToneStudy("demo")


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (replace(TONE, sizes=()), "an empty list for “sizes” in a.toml, expected one value"),
        (replace(TONE, seeds=()), "an empty list for “seeds”"),
        (replace(TONE, sizes=(0,)), "0 for “sizes” in a.toml, expected 1 or more"),
        (replace(TONE, sizes=(4, 4)), "a value twice in “sizes”"),
        (replace(TONE, seeds=(-1,)), "-1 for “seeds”"),
        (replace(TONE, seeds=(2**32,)), "4294967296 for “seeds” in a.toml, expected less than"),
        (replace(TONE, steps=-1), "-1 for “steps”"),
        (replace(TONE, curve_prompts=-9), "-9 for “curve_prompts”"),
        (replace(TONE, margin=-0.1), "-0.1 for “margin”"),
        (replace(TONE, precisions=("int3",)), "“int3” for “precisions” in a.toml, expected one of"),
        (replace(TONE, ladder=LadderConfig(shots=0)), "0 for “ladder.shots”"),
        (replace(TONE, providers=(Provider("m"), Provider("m"))), "a value twice in “providers”"),
        (replace(TONE, providers=(Provider("m", every=-1.0),)), "-1.0 for “providers.every”"),
        (LadderConfig(prompts=-1), "-1 for “prompts”"),
        (LadderConfig(batch_size=0), "0 for “batch_size”"),
        (PersonaStudy(()), "an empty list for “campaigns”"),
        (PersonaStudy(("",)), "a blank text for “campaigns”"),
        (
            Questions(choices=(MultipleChoice("a", "b?", "c", ()),)),
            "an empty list for “choices.wrong”",
        ),
        (Questions(open=(OpenQuestion("a", (), ("b",)),)), "an empty list for “open.asks”"),
        (Questions(open=(OpenQuestion("a", ("b?",), (" ",)),)), "a blank text for “open.holds”"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(study: object, said: str) -> None:
    with pytest.raises(StudyError, match=f"found {said}"):
        within_limits(study, "a.toml")


def test_what_may_be_left_out_may_be_empty() -> None:
    assert within_limits(TONE, "a.toml") == TONE
    assert within_limits(Questions(), "a.toml") == Questions()
    assert within_limits(PersonaStudy(("a", "b"), questions=("", "")), "a.toml").general
    assert within_limits(replace(TONE, providers=(Provider("m"),)), "a.toml").providers

"""Which study files and question files are rejected before anything is run."""

from typing import Any

import pytest

from studies.config import LadderConfig, PersonaStudy, Questions, ToneStudy
from timbre.config import ConfigError, parse_config

CHOICE = {"about": "a", "question": "b?", "right": "c", "wrong": ["d"]}
OPEN = {"about": "a", "asks": ["b?"], "holds": ["c"]}


def problems(kind: type[Any], values: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as error:
        parse_config(kind, values, "a.toml")
    return str(error.value)


@pytest.mark.parametrize(
    ("values", "key", "problem"),
    [
        ({"sizes": []}, "sizes", "a list of 1 or more"),
        ({"seeds": []}, "seeds", "a list of 1 or more"),
        ({"sizes": [0]}, "sizes[1]", "1 or more"),
        ({"sizes": [4, 4]}, "sizes", "4, 4 contain a duplicate"),
        ({"seeds": [-1]}, "seeds[1]", "0 or more"),
        ({"seeds": [2**32]}, "seeds[1]", "4294967296"),
        ({"steps": -1}, "steps", "0 or more"),
        ({"curve_prompts": -9}, "curve_prompts", "0 or more"),
        ({"margin": -0.1}, "margin", "0 or more"),
        ({"precisions": ["int3"]}, "precisions[1]", "one of"),
        ({"ladder": {"shots": 0}}, "ladder.shots", "1 or more"),
        ({"providers": [{"model": "m"}, {"model": "m"}]}, "providers", "contain a duplicate"),
        ({"providers": [{"model": "m", "every": -1.0}]}, "providers[1].every", "0 or more"),
        ({"campaign": " "}, "campaign", "text that isn't blank"),
        ({"campaignz": "demo"}, "campaignz", "isn't a valid key"),
    ],
)
def test_a_wrong_value_in_a_tone_study_is_rejected(
    values: dict[str, Any], key: str, problem: str
) -> None:
    message = problems(ToneStudy, {"campaign": "demo", **values})
    assert "a.toml" in message
    assert f"`{key}`" in message
    assert problem in message


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        (LadderConfig, {"prompts": -1}, "`prompts` is -1"),
        (LadderConfig, {"batch_size": 0}, "`batch_size` is 0"),
        (PersonaStudy, {"campaigns": []}, "`campaigns`"),
        (PersonaStudy, {"campaigns": [""]}, "`campaigns[1]`"),
        (PersonaStudy, {"campaigns": ["a"], "formats": ["poems"]}, '`formats[1]` is "poems"'),
        (PersonaStudy, {"campaigns": ["a"], "budgets": ["hours"]}, '`budgets[1]` is "hours"'),
        (
            PersonaStudy,
            {"campaigns": ["a"], "questions": ["b", "c"]},
            "`questions` files (2) differs from the number of `campaigns` (1)",
        ),
        (Questions, {"choices": [CHOICE | {"wrong": []}]}, "`choices[1].wrong`"),
        (
            Questions,
            {"choices": [CHOICE | {"wrong": ["c"]}]},
            "“b?” is also listed as a wrong answer",
        ),
        (Questions, {"open": [OPEN | {"asks": []}]}, "`open[1].asks`"),
        (Questions, {"open": [OPEN | {"holds": [" "]}]}, "`open[1].holds[1]`"),
        (Questions, {"open": [OPEN | {"asks": ["Is it c?"]}]}, "“Is it c?” contains its answer"),
    ],
)
def test_a_wrong_value_in_another_file_is_rejected(
    kind: type[Any], values: dict[str, Any], problem: str
) -> None:
    assert problem in problems(kind, values)


def test_optional_values_may_be_empty() -> None:
    assert parse_config(ToneStudy, {"campaign": "demo"}, "a.toml") == ToneStudy("demo")
    assert parse_config(Questions, {}, "a.toml") == Questions()
    persona = {"campaigns": ["a", "b"], "questions": ["", ""]}
    assert parse_config(PersonaStudy, persona, "a.toml").general
    provider = {"campaign": "demo", "providers": [{"model": "m"}]}
    assert parse_config(ToneStudy, provider, "a.toml").providers

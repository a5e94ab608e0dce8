"""Types for the values in tone and persona files."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, ConfigDict, Field

from pipelines.prompting import prompt_names
from pipelines.teachers.phrasebook.phrases import check_phrase

_Prompts = TypeVar("_Prompts", bound=Any)
STRICT = ConfigDict(extra="forbid")
Words = Annotated[str, Field(pattern=r"\S")]
Share = Annotated[float, Field(ge=0, le=1)]


def phrase_check(*slots: str) -> AfterValidator:
    """Return a validator for phrases: braces must match, and only these slots are allowed."""
    return AfterValidator(partial(check_phrase, slots=slots))


def _check_prompt(name: str) -> str:
    if name and name not in prompt_names():
        raise ValueError(
            f"the prompt file “{name}” doesn't exist; choose one of {', '.join(prompt_names())}"
        )
    return name


OptionalPrompt = Annotated[str, AfterValidator(_check_prompt)]
"""The name of a prompt file, or an empty string for a teacher's default."""


def fill_prompts(prompts: _Prompts, defaults: _Prompts) -> _Prompts:
    """Replace empty prompt names with the defaults."""
    chosen = {name: value or getattr(defaults, name) for name, value in vars(prompts).items()}
    return replace(prompts, **chosen)

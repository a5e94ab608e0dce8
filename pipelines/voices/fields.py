"""Types for the values in tone and persona files."""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from pipelines.prompting import prompt_names
from pipelines.teachers.phrasebook.phrases import check_phrase

STRICT = ConfigDict(extra="forbid")
Words = Annotated[str, Field(pattern=r"\S")]
Share = Annotated[float, Field(ge=0, le=1)]


def phrase_check(*slots: str) -> AfterValidator:
    """Return a validator for phrases: braces must match, and only these slots are allowed."""
    return AfterValidator(partial(check_phrase, slots=slots))


def _check_prompt(name: str) -> str:
    if name not in prompt_names():
        raise ValueError(
            f"the prompt file “{name}” doesn't exist; choose one of {', '.join(prompt_names())}"
        )
    return name


PromptName = Annotated[str, AfterValidator(_check_prompt)]

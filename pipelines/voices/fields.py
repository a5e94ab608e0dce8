"""Types of the values in tone and persona files."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from pipelines.prompting import prompt_names
from pipelines.teachers.phrasebook.phrases import phrase_errors

STRICT = ConfigDict(extra="forbid")
Words = Annotated[str, Field(pattern=r"\S")]
Share = Annotated[float, Field(ge=0, le=1)]


def phrase_check(*slots: str) -> AfterValidator:
    """A validator that accepts phrases whose braces match and that use only these slots."""

    def check(phrase: str) -> str:
        if problems := phrase_errors(phrase, slots):
            raise ValueError(problems[0])
        return phrase

    return AfterValidator(check)


def _check_prompt(name: str) -> str:
    if name not in prompt_names():
        raise ValueError(
            f"there is no prompt file “{name}”; choose from {', '.join(prompt_names())}"
        )
    return name


PromptName = Annotated[str, AfterValidator(_check_prompt)]

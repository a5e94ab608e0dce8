"""Qualities that an LLM judge rates, besides the tone itself.

A rating is diagnostic: it never decides whether a text is in the tone. Its judge card says how well
it agrees with the reviewers.
"""

from pydantic import Field
from pydantic.dataclasses import dataclass

from evaluation.scorers.scorer import STRICT, Words


@dataclass(frozen=True, config=STRICT)
class RubricQuality:
    """A quality that the campaign's judge rates on the tone's scale, or from 1 to 5."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9 -]*$",
        description="Name of the quality, in lower case, such as `warm`.",
    )
    description: Words = Field(description="What the judge rates, in a sentence.")
    low: Words = Field(description="What a text with the lowest rating is like.")
    high: Words = Field(description="What a text with the highest rating is like.")

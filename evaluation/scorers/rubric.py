"""Additional qualities of texts that an LLM judge rates.

Ratings by an LLM judge are only diagnostic: they never decide whether a text has the right tone.
The judge card shows how well these ratings agree with the reviewers.
"""

from pydantic import Field
from pydantic.dataclasses import dataclass

from evaluation.scorers.scorer import STRICT, Words


@dataclass(frozen=True, config=STRICT)
class RubricQuality:
    """A quality that an LLM judge rates on the tone's scale, or from 1 to 5."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9 -]*$",
        description="The name of the quality in lower case, such as `warm`.",
    )
    description: Words = Field(description="A sentence that describes what the judge rates.")
    low: Words = Field(description="A description of a text with the lowest rating.")
    high: Words = Field(description="A description of a text with the highest rating.")

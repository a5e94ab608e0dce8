"""The length of a text in words."""

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.measures.text import words
from evaluation.scorers.scorer import (
    STRICT,
    Count,
    Score,
    check_bounds,
    describe_range,
    is_between,
)


@dataclass(frozen=True, config=STRICT)
class LengthCriterion:
    """How many words a text has."""

    at_least: Count | None = Field(
        default=None, description="Minimum number of words (default: no limit)."
    )
    at_most: Count | None = Field(
        default=None, description="Maximum number of words (default: no limit)."
    )

    @model_validator(mode="after")
    def _has_bounds(self) -> "LengthCriterion":
        check_bounds(self.at_least, self.at_most)
        return self

    def find_problem(self, language: str) -> str:
        """Return why words can't be counted; empty for languages that separate them by spaces."""
        if language in ("zh", "ja", "th", "lo", "km", "my"):
            return "words can't be counted in a language that doesn't separate them by spaces"
        return ""

    def describe(self) -> str:
        """Return the length in words."""
        return describe_range(self.at_least, self.at_most, "words")

    def score(self, text: str, language: str) -> Score:
        """Return the number of words."""
        count = len(words(text))
        is_met = is_between(count, self.at_least, self.at_most)
        return Score(is_met, float(count), "" if is_met else f"it has {count} words")

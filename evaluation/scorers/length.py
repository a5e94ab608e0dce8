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
    """The minimum and maximum number of words in a text."""

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
        """Return an error message if a language has no spaces between words, otherwise ""."""
        if language in ("zh", "ja", "th", "lo", "km", "my"):
            return "words can't be counted in a language that doesn't separate them by spaces"
        return ""

    def describe(self) -> str:
        """Describe the allowed number of words."""
        return describe_range(self.at_least, self.at_most, "words")

    def score(self, text: str, language: str) -> Score:
        """Score a text by its number of words."""
        count = len(words(text))
        is_met = is_between(count, self.at_least, self.at_most)
        return Score(is_met, float(count), "" if is_met else f"it has {count} words")

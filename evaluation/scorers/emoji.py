"""Count emoji, treating a combined emoji such as a family as one."""

import re

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.scorers.scorer import (
    STRICT,
    Count,
    Score,
    check_bounds,
    describe_range,
    is_between,
)

_PICTURE = "[\U0001f300-\U0001faff\U0001f000-\U0001f2ff\u2600-\u27bf\u2b05-\u2b55\u231a-\u23ff]"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_MODIFIERS = "[\ufe0f\U0001f3fb-\U0001f3ff\u20e3]*"
# A zero-width joiner combines several emoji into one, such as a family.
_EMOJI = re.compile(
    f"(?:{_FLAG}|[0-9#*]\ufe0f\u20e3|{_PICTURE}{_MODIFIERS}(?:\u200d{_PICTURE}{_MODIFIERS})*)"
)


@dataclass(frozen=True, config=STRICT)
class EmojiCriterion:
    """The minimum and maximum number of emoji in a text."""

    at_least: Count | None = Field(
        default=None, description="Minimum number of emoji (default: no limit)."
    )
    at_most: Count | None = Field(
        default=None, description="Maximum number of emoji (default: no limit)."
    )

    @model_validator(mode="after")
    def _has_bounds(self) -> "EmojiCriterion":
        check_bounds(self.at_least, self.at_most)
        return self

    def find_problem(self, language: str) -> str:
        """Return an empty string, because emoji can be counted in every language."""
        return ""

    def describe(self) -> str:
        """Describe the allowed number of emoji in words."""
        return (
            "no emoji"
            if self.at_most == 0
            else describe_range(self.at_least, self.at_most, "emoji")
        )

    def score(self, text: str, language: str) -> Score:
        """Score a text by its number of emoji."""
        found = _EMOJI.findall(text)
        is_met = is_between(len(found), self.at_least, self.at_most)
        detail = "" if is_met else f"it has {len(found)} emoji"
        return Score(is_met, float(len(found)), detail, self.at_most == 0 and bool(found))

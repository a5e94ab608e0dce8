"""Preferred and banned words and phrases, including their inflected forms."""

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.scorers.scorer import (
    STRICT,
    Count,
    Score,
    Words,
    find_phrases,
    has_inflections,
    language_name,
    quote,
)


@dataclass(frozen=True, config=STRICT)
class WordsCriterion:
    """Words and phrases that a text should use, and those that it must not use."""

    preferred: tuple[Words, ...] = Field(
        default=(), description="Words and phrases that a text should use."
    )
    banned: tuple[Words, ...] = Field(
        default=(), description="Words and phrases that a text must not use."
    )
    at_least: Count = Field(default=0, description="Minimum number of preferred words in a text.")
    inflected: bool = Field(
        default=True, description="Whether inflected forms count, such as “used” for “use”."
    )

    @model_validator(mode="after")
    def _is_possible(self) -> "WordsCriterion":
        if self.at_least > len(self.preferred):
            raise ValueError(
                f"`at_least` is {self.at_least}, but the number of words in `preferred` is only "
                f"{len(self.preferred)}; lower `at_least`, or list more words"
            )
        return self

    def find_problem(self, language: str) -> str:
        """Return an error message if the language's inflected forms aren't known, otherwise ""."""
        if not self.inflected or has_inflections(language):
            return ""
        return (
            f"the inflected forms of {language_name(language)} aren't known; set `inflected` to "
            "false and list every form"
        )

    def describe(self) -> str:
        """Describe the preferred and banned words."""
        parts = []
        if self.preferred and self.at_least:
            parts.append(f"at least {self.at_least} of {quote(self.preferred)}")
        if self.banned:
            parts.append(f"none of {quote(self.banned)}")
        return "; ".join(parts) or f"preferably {quote(self.preferred)}"

    def score(self, text: str, language: str) -> Score:
        """Score a text by its number of preferred words minus its number of banned words."""
        form = language if self.inflected else ""
        used = list(find_phrases(text, self.preferred, form))
        banned = list(find_phrases(text, self.banned, form))
        is_met = not banned and len(used) >= self.at_least
        detail = f"it uses {quote(banned)}" if banned else ""
        if not banned and not is_met:
            detail = f"it uses {len(used)} of the {self.at_least} preferred words it needs"
        return Score(is_met, float(len(used) - len(banned)), detail, is_forbidden=bool(banned))

"""Regular expressions that a text must or must not match."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from evaluation.scorers.scorer import STRICT, Score, Words


def _check_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"“{pattern}” isn't a valid regular expression ({error})") from error
    return pattern


Pattern = Annotated[Words, AfterValidator(_check_pattern)]


@dataclass(frozen=True, config=STRICT)
class PatternsCriterion:
    """Required and banned Python regular expressions, which can match anywhere in a text."""

    required: tuple[Pattern, ...] = Field(
        default=(), description="Regular expressions that a text must match."
    )
    banned: tuple[Pattern, ...] = Field(
        default=(), description="Regular expressions that a text must not match."
    )

    def find_problem(self, language: str) -> str:
        """Return an empty string, because regular expressions work in every language."""
        return ""

    def describe(self) -> str:
        """Describe in words which patterns a text must and must not match."""
        parts = [f"it matches {pattern}" for pattern in self.required]
        return "; ".join([*parts, *(f"it doesn't match {pattern}" for pattern in self.banned)])

    def score(self, text: str, language: str) -> Score:
        """Score a text by how many required patterns match and how many banned ones don't."""
        missing = [pattern for pattern in self.required if not re.search(pattern, text)]
        matches = [match for pattern in self.banned if (match := re.search(pattern, text))]
        wrong = len(missing) + len(matches)
        total = len(self.required) + len(self.banned)
        detail = f"{missing[0]} matches nothing" if missing else ""
        if matches:
            detail = f"{matches[0].re.pattern} matches “{matches[0].group()}”"
        return Score(not wrong, float(total - wrong), detail, is_forbidden=bool(matches))

"""Phrases with which texts must or must not begin or end."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from evaluation.scorers.scorer import STRICT, Score, Words, quote, split_tokens


@dataclass(frozen=True, config=STRICT)
class EdgeCriterion:
    """Phrases with which a text must or must not begin or end, ignoring case and punctuation."""

    one_of: tuple[Words, ...] = Field(
        default=(),
        description="Allowed phrases. A text must begin with one of these phrases (or end with "
        "one, for `closings`).",
    )
    none_of: tuple[Words, ...] = Field(
        default=(),
        description="Phrases that a text must not begin with (or end with, for `closings`).",
    )


class OpeningsCriterion:
    """A criterion for the first words of a text, or for its last words if `is_end` is true."""

    def __init__(self, edge: EdgeCriterion, is_end: bool = False) -> None:
        """Create a criterion for `[criteria.openings]` or, with `is_end`, `[criteria.closings]`."""
        self.edge, self.is_end = edge, is_end

    def find_problem(self, language: str) -> str:
        """Return an empty string, because phrases can be compared in every language."""
        return ""

    def describe(self) -> str:
        """Describe in words how a text must and must not begin or end."""
        verb = "ends" if self.is_end else "begins"
        parts = [f"it {verb} with one of {quote(self.edge.one_of)}"] if self.edge.one_of else []
        if self.edge.none_of:
            parts.append(f"it doesn't {verb.removesuffix('s')} with {quote(self.edge.none_of)}")
        return "; ".join(parts)

    def score(self, text: str, language: str) -> Score:
        """Score a text as 1 if it begins (or ends) with an allowed phrase, otherwise as 0."""
        tokens = split_tokens(text)
        wrong = [phrase for phrase in self.edge.none_of if self._stands(phrase, tokens)]
        is_right = not self.edge.one_of or any(self._stands(p, tokens) for p in self.edge.one_of)
        verb = "ends" if self.is_end else "begins"
        detail = f"it {verb} with “{wrong[0]}”" if wrong else ""
        if not wrong and not is_right:
            detail = f"it {verb} with none of the phrases"
        is_met = is_right and not wrong
        return Score(is_met, float(is_met), detail, is_forbidden=bool(wrong))

    def _stands(self, phrase: str, tokens: list[str]) -> bool:
        wanted = split_tokens(phrase)
        place = tokens[-len(wanted) :] if self.is_end else tokens[: len(wanted)]
        return bool(wanted) and place == wanted

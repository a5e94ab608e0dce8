"""Refusals, and phrases that reveal that a language model wrote the text."""

import re
from typing import Literal

from evaluation.scorers.lexicon import load_lexicon
from evaluation.scorers.scorer import Score, language_name

RefusalRule = Literal["allowed", "forbidden"]
_PHRASES: dict[str, list[str]] = load_lexicon("refusals")


class RefusalsCriterion:
    """A rule that a text must not refuse to answer or speak as a language model."""

    def find_problem(self, language: str) -> str:
        """Return an error message if no refusal phrases are listed for the language."""
        if language in _PHRASES:
            return ""
        known = ", ".join(_PHRASES)
        return (
            f"refusals in {language_name(language)} aren't known (only in {known}); list phrases "
            "as banned words instead"
        )

    def describe(self) -> str:
        """Describe the rule in words."""
        return "no refusal, and nothing said as a language model"

    def score(self, text: str, language: str) -> Score:
        """Score a text by its number of refusal phrases."""
        pattern = rf"\b(?:{'|'.join(_PHRASES[language])})\b"
        found = re.findall(pattern, text.replace("’", "'"), re.IGNORECASE)
        detail = f"it says “{found[0]}”" if found else ""
        return Score(not found, float(len(found)), detail, is_forbidden=bool(found))

"""Refusals, and phrases in which a text speaks as a language model."""

import re
from typing import Literal

from evaluation.scorers.lexicon import load_lexicon
from evaluation.scorers.scorer import Score, language_name

RefusalRule = Literal["allowed", "forbidden"]
_PHRASES: dict[str, list[str]] = load_lexicon("refusals")


class RefusalsCriterion:
    """Whether a text must not refuse, or speak as an AI."""

    def find_problem(self, language: str) -> str:
        """Return why refusals aren't known in a language; empty if they are."""
        if language in _PHRASES:
            return ""
        known = ", ".join(_PHRASES)
        return (
            f"refusals in {language_name(language)} aren't known (only in {known}); list phrases "
            "as banned words instead"
        )

    def describe(self) -> str:
        """Return the rule in words."""
        return "no refusal, and nothing said as a language model"

    def score(self, text: str, language: str) -> Score:
        """Return the number of such phrases."""
        pattern = rf"\b(?:{'|'.join(_PHRASES[language])})\b"
        found = re.findall(pattern, text.replace("’", "'"), re.IGNORECASE)
        detail = f"it says “{found[0]}”" if found else ""
        return Score(not found, float(len(found)), detail, is_forbidden=bool(found))

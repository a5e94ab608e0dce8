"""Measure how readable a text is, with a formula for its language.

English uses our own Flesch Reading Ease, whose syllables come from a pronouncing dictionary. Other
languages use the library textstat. The formulas were published by Flesch (1948) for English, Amstad
(1978) for German, Kandel and Moles (1958) for French, Fernández Huerta (1959) and Szigriszt Pazos
(1993) for Spanish, Vacca and Franchina (1972) and Lucisano and Piemontese (1988, Gulpease) for
Italian, Douma (1960) for Dutch, and Bamberger and Vanecek (1984, Wiener Sachtextformel) for German.
"""

from functools import cache
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.measures.tone import flesch_reading_ease
from evaluation.scorers.scorer import (
    STRICT,
    Score,
    check_bounds,
    describe_range,
    is_between,
    language_name,
)

Formula = Literal["reading ease", "wiener sachtextformel", "gulpease", "szigriszt pazos"]
_EASE = ("en", "de", "fr", "es", "it", "nl")
_OTHERS = {"wiener sachtextformel": "de", "gulpease": "it", "szigriszt pazos": "es"}
"""Formulas besides reading ease, and the language of each."""


@dataclass(frozen=True, config=STRICT)
class ReadabilityCriterion:
    """The allowed range of a readability formula for the text's language."""

    at_least: float | None = Field(
        default=None, description="Minimum readability score (default: no limit)."
    )
    at_most: float | None = Field(
        default=None, description="Maximum readability score (default: no limit)."
    )
    formula: Formula = Field(
        default="reading ease",
        description="Readability formula: `reading ease` for several languages (0 is hard and 100 "
        "is easy), `wiener sachtextformel` for German (the score is a school year), `gulpease` "
        "for Italian, or `szigriszt pazos` for Spanish.",
    )

    @model_validator(mode="after")
    def _has_bounds(self) -> "ReadabilityCriterion":
        check_bounds(self.at_least, self.at_most)
        return self

    def find_problem(self, language: str) -> str:
        """Return an error message if the formula doesn't apply to the language, otherwise ""."""
        expected = _OTHERS.get(self.formula)
        if expected and expected != language:
            return (
                f"the formula “{self.formula}” is for {language_name(expected)}, not for "
                f"{language_name(language)}; use “reading ease”"
            )
        if not expected and language not in _EASE:
            return (
                f"there is no reading ease for {language_name(language)}, only for "
                f"{', '.join(map(language_name, _EASE))}; leave the criterion out"
            )
        return ""

    def describe(self) -> str:
        """Describe the allowed range of the formula in words."""
        return f"{self.formula} of {describe_range(self.at_least, self.at_most, '').strip()}"

    def score(self, text: str, language: str) -> Score:
        """Score a text by the value of the formula."""
        value = measure_readability(text, language, self.formula)
        is_met = is_between(value, self.at_least, self.at_most)
        return Score(is_met, value, "" if is_met else f"its {self.formula} is {value:.0f}")


def measure_readability(text: str, language: str, formula: Formula = "reading ease") -> float:
    """Compute the readability of a text, or return 0 for a text without words."""
    if language == "en":
        return flesch_reading_ease(text)
    functions = {
        "reading ease": "flesch_reading_ease",
        "wiener sachtextformel": "wiener_sachtextformel",
        "gulpease": "gulpease_index",
        "szigriszt pazos": "szigriszt_pazos",
    }
    if not any(character.isalnum() for character in text):
        return 0.0
    library = _textstat()
    library.set_lang(language)
    variant = (1,) if formula == "wiener sachtextformel" else ()
    return float(getattr(library, functions[formula])(text, *variant))


@cache
def _textstat() -> Any:
    import textstat  # imported on first use, because it takes a second

    return textstat

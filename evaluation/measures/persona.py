"""Persona measures, which detect the traits that an answer shows.

An answer shows a trait if it contains a word or phrase from the trait's list. By default, a phrase
matches only whole words. The published study of C-3PO (Alia, 2026) also matched phrases inside
words, such as “sir” in “desire” and “custom” in “customer”. Use `Matching.SUBSTRING` to get results
that can be compared with those of the C-3PO study.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache

from evaluation.measures.tone import Feature

PERSONA_SOURCE = "persona.v1"
_ENOUGH = 2

IN_CHARACTER = Feature(
    "in_character",
    "In character",
    "An answer counts as in character when it shows at least two of the persona’s traits, each by "
    "a word or phrase from the trait’s list. The lists show whether a trait is expressed, but not "
    "how well.",
    share=True,
)


class Matching(StrEnum):
    """Whether a phrase matches only whole words or also parts of words.

    WORDS matches whole words. SUBSTRING also matches inside words, as the published study of C-3PO
    (Alia, 2026) did.
    """

    WORDS = "words"
    SUBSTRING = "substring"


def trait_features(traits: Sequence[str]) -> tuple[Feature, ...]:
    """Create a feature named `trait.<name>` for each trait."""
    return tuple(
        Feature(
            f"trait.{trait}",
            trait.capitalize(),
            f"Answers with a word or phrase from the list of “{trait}”.",
            share=True,
        )
        for trait in traits
    )


def persona_measures(
    text: str, phrases: Mapping[str, Sequence[str]], matching: Matching = Matching.WORDS
) -> dict[str, float]:
    """Measure which traits a text shows (`trait.<name>`, 0 or 1) and whether it is in character.

    `phrases` contains a list of phrases for each trait. A text is in character if it shows at least
    two traits. For a persona with only one trait, showing that trait is enough.
    """
    shown = {trait: shows(text, listed, matching) for trait, listed in phrases.items()}
    needed = min(_ENOUGH, len(shown))
    measures = {f"trait.{trait}": float(is_shown) for trait, is_shown in shown.items()}
    return measures | {IN_CHARACTER.name: float(bool(shown) and sum(shown.values()) >= needed)}


def shows(text: str, phrases: Sequence[str], matching: Matching = Matching.WORDS) -> bool:
    """Whether a text contains any of the phrases."""
    text = _normalise(text)
    if matching is Matching.SUBSTRING:
        return any(_normalise(phrase) in text for phrase in phrases)
    return bool(phrases) and _pattern(tuple(phrases)).search(text) is not None


def _normalise(text: str) -> str:
    return text.lower().replace("’", "'")


@cache
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(re.escape(_normalise(phrase)) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)")

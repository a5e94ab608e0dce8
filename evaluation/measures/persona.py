"""Measures of a persona: which of its traits an answer shows.

A trait is shown by a word or phrase from its list. Phrases match as whole words. The published
study of C-3PO (F. Alia, 2026) matched substrings, which finds “sir” in “desire” and “custom” in
“customer”. Substring matching is an option, so that both counts can be compared.
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
    "a word or phrase from the trait’s list. The lists say how a trait is voiced, not how well.",
    share=True,
)


class Matching(StrEnum):
    """How phrases match: as whole words, or as any substring, as in the published study."""

    WORDS = "words"
    SUBSTRING = "substring"


def trait_features(traits: Sequence[str]) -> tuple[Feature, ...]:
    """A feature for each trait, named `trait.<name>`."""
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
    """Whether a text shows each trait (`trait.<name>`, 0 or 1), and whether it is in character.

    `phrases` has each trait's list. A text in character shows two traits, or a persona's only one.
    """
    shown = {trait: shows(text, listed, matching) for trait, listed in phrases.items()}
    needed = min(_ENOUGH, len(shown))
    measures = {f"trait.{trait}": float(is_shown) for trait, is_shown in shown.items()}
    return measures | {IN_CHARACTER.name: float(bool(shown) and sum(shown.values()) >= needed)}


def shows(text: str, phrases: Sequence[str], matching: Matching = Matching.WORDS) -> bool:
    """Whether a text contains one of the phrases."""
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

"""Measures of a persona: which of its traits an answer shows.

A trait shows by a word or phrase of its list. Lists are matched as whole words; the published study
of C-3PO (F. Alia, 2026) matched substrings, which finds “sir” in “desire” and “custom” in
“customer”, and is kept as an option so that its way of counting can stand beside ours.
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
    "a word or phrase of the trait’s list. The lists say how a trait is voiced, not how well.",
    share=True,
)


class Matching(StrEnum):
    """How phrases are looked for: as whole words, or anywhere as the published study did."""

    WORDS = "words"
    SUBSTRING = "substring"


def trait_features(traits: Sequence[str]) -> tuple[Feature, ...]:
    """A feature for each trait, by its stable name `trait.<name>`."""
    return tuple(
        Feature(
            f"trait.{trait}",
            trait.capitalize(),
            f"Answers with a word or phrase of the list of “{trait}”.",
            share=True,
        )
        for trait in traits
    )


def persona_measures(
    text: str,
    phrases: Mapping[str, Sequence[str]],
    matching: Matching = Matching.WORDS,
) -> dict[str, float]:
    """Whether a text shows each trait (`trait.<name>`, 0 or 1), and whether it is in character.

    `phrases` has the list of each trait. A persona of one trait needs only that one.
    """
    shown = {trait: shows(text, listed, matching) for trait, listed in phrases.items()}
    enough = min(_ENOUGH, len(shown))
    measures = {f"trait.{trait}": float(found) for trait, found in shown.items()}
    return measures | {IN_CHARACTER.name: float(bool(shown) and sum(shown.values()) >= enough)}


def shows(text: str, phrases: Sequence[str], matching: Matching = Matching.WORDS) -> bool:
    """Whether a text holds one of some phrases."""
    spoken = text.lower().replace("’", "'")
    if matching is Matching.SUBSTRING:
        return any(phrase.lower().replace("’", "'") in spoken for phrase in phrases)
    return bool(phrases) and _pattern(tuple(phrases)).search(spoken) is not None


@cache
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(re.escape(phrase.lower().replace("’", "'")) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)")

"""Measure what the example texts of a tone have in common."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from evaluation.measures.text import sentences, words
from evaluation.scorers.emoji import EmojiCriterion
from evaluation.scorers.length import LengthCriterion
from evaluation.scorers.markdown import MarkdownCriterion
from evaluation.scorers.person import PersonCriterion, PersonName, count_person
from evaluation.scorers.refusals import RefusalsCriterion

_SLACK = 1.5
_FEWEST = 2
"""The minimum number of texts for measuring what they have in common."""


@dataclass(frozen=True)
class VoiceProfile:
    """Criteria that all example texts of a tone or persona meet, and measurements of the texts."""

    count: int = 0
    note: str = ""
    markdown: str = "allowed"
    average: int | None = None
    no_emoji: bool = False
    persons: tuple[str, ...] = ()
    banned_persons: tuple[str, ...] = ()
    has_refusals: bool = False


def measure_voice(texts: Sequence[str], plain: Sequence[str], language: str) -> VoiceProfile:
    """Measure what texts in a tone have in common, and how they differ from `plain` texts."""
    has_refusals = not RefusalsCriterion().find_problem(language)
    if not texts:
        return VoiceProfile(markdown="forbidden", has_refusals=has_refusals)
    means = [_mean_length(text) for text in texts]
    has_words = not LengthCriterion(at_least=0).find_problem(language)
    persons = _persons_of_all(texts, language) if len(texts) >= _FEWEST else set()
    others = {person for person in _persons(language) if _occurs(person, texts, language)}
    required = persons - _persons_of_all(plain, language) if plain else persons
    formality = {"informal you", "formal you"}
    banned = formality - others if required & formality else set()
    lengths = f"{min(means):.0f} to {max(means):.0f} words per sentence" if has_words else ""
    return VoiceProfile(
        count=len(texts),
        note=lengths,
        markdown="forbidden" if all(map(_is_plain, texts)) else "allowed",
        average=math.ceil(_SLACK * max(means)) if has_words else None,
        no_emoji=all(EmojiCriterion(at_most=0).score(text, language).is_met for text in texts),
        persons=tuple(sorted(required)),
        banned_persons=tuple(sorted(banned)),
        has_refusals=has_refusals,
    )


def _is_plain(text: str) -> bool:
    return MarkdownCriterion("forbidden").score(text, "").is_met


def _mean_length(text: str) -> float:
    lengths = [len(words(sentence)) for sentence in sentences(text)] or [0]
    return sum(lengths) / len(lengths)


def _persons(language: str) -> list[PersonName]:
    names: tuple[PersonName, ...] = get_args(PersonName)
    return [name for name in names if not PersonCriterion((name,)).find_problem(language)]


def _persons_of_all(texts: Sequence[str], language: str) -> set[str]:
    """Return the persons (such as “formal you”) that occur in every text."""
    return {
        person
        for person in _persons(language)
        if texts and all(_occurs(person, [text], language) for text in texts)
    }


def _occurs(person: str, texts: Iterable[str], language: str) -> bool:
    return any(count_person(text, person, language) for text in texts)

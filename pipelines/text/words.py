"""Splits texts into words."""

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*|\d+(?:[.,:]\d+)*")


def split_words(text: str) -> list[str]:
    """The words and numbers of a text, without punctuation, in the case they're written in."""
    return list(_split(text))


@lru_cache(maxsize=256)
def _split(text: str) -> tuple[str, ...]:
    # The checks of one candidate split the same few texts again and again.
    return tuple(_WORD.findall(text))


def word_set(text: str) -> frozenset[str]:
    """A set of words, written as one text with spaces between them."""
    return frozenset(text.split())

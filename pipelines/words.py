"""The words of a text."""

import re
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set to look things up in."""
    return frozenset(text.split())


_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*|\d+(?:[.,:]\d+)*")


def words(text: str) -> list[str]:
    """The words and numbers of a text, as they are written."""
    return list(_words(text))


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    # The checks of one candidate look at the same few texts again and again.
    return tuple(_WORD.findall(text))

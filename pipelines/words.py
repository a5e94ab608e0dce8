"""The words of a text."""

import re


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set to look things up in."""
    return frozenset(text.split())


_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*|\d+(?:[.,:]\d+)*")


def words(text: str) -> list[str]:
    """The words and numbers of a text, as they are written."""
    return _WORD.findall(text)

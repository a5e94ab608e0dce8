"""Numbers and names in an answer that the passage it was made from does not support."""

import re

from pipelines.wikipedia.sentences import sentences
from pipelines.words import word_set, words

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SPELLED = {
    word: str(n)
    for n, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
}
_ENDING = re.compile(r"['’](?:s|d|ll|re|ve|m)?$|n['’]t$")
_INSIDE = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*")
_BEGINNING = re.compile(r"(?:[.:!?][\"”’']*\s+|[\"“‘(])\Z")
_NOT_NAMES = word_set(
    "i i'm i'd i've i'll ok okay english monday tuesday wednesday thursday friday saturday sunday"
)


def unsupported_numbers(answer: str, source: str) -> list[str]:
    """The numbers of the answer, in digits or words to twenty, that the source does not have."""
    known = _numbers(source) | _numbers_in_words(source)
    spelled = _numbers_in_words(answer) - {"1"}  # “one” is seldom a number in speech
    return sorted((_numbers(answer) | spelled) - known)


def _numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in _NUMBER.findall(text)}


def _numbers_in_words(text: str) -> set[str]:
    return {_SPELLED[w] for word in words(text) if (w := word.lower()) in _SPELLED}


def unsupported_names(answer: str, source: str) -> list[str]:
    """The capitalised words inside the answer's sentences that the source has in no form."""
    known = {stem(word) for word in words(source)}
    found = [w for s in sentences(answer) for w in _capitalised(s) if stem(w) not in known]
    return sorted({word for word in found if word.lower() not in _NOT_NAMES})


def _capitalised(sentence: str) -> list[str]:
    """The words with a capital that no beginning, of the sentence or after a colon, asks for."""
    return [
        m.group()
        for m in list(_INSIDE.finditer(sentence))[1:]
        if m.group()[0].isupper() and not _BEGINNING.search(sentence, 0, m.start())
    ]


def stem(word: str) -> str:
    """A word without the endings that a contraction or a possessive adds, in small letters."""
    lower = word.lower()
    return _ENDING.sub("", lower) if "'" in lower or "’" in lower else lower

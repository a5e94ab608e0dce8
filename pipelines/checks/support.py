"""Check that the passage supports the numbers and names in an answer."""

import re

from db.records import CandidateKind
from pipelines.checks.check import CheckInput, Failure
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon, split_words

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LEXICON = load_lexicon(__name__)
_SPELLED = {word: str(n) for n, word in enumerate(_LEXICON.spelled)}
_ENDING = re.compile(r"['’](?:s|d|ll|re|ve|m)?$|n['’]t$")
_INSIDE = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*")
_BEGINNING = re.compile(r"(?:[.:!?][\"”’']*\s+|[\"“‘(])\Z")


def check_support(item: CheckInput) -> Failure | None:
    """Reject an answer with a number or name that neither the passage nor the question contains."""
    if item.candidate.kind is not CandidateKind.CONVERSATION:
        return None
    source = f"{item.passage}\n{item.candidate.question}"
    if numbers := find_unsupported_numbers(item.text, source):
        return Failure("unsupported number", ", ".join(numbers))
    if names := find_unsupported_names(item.text, source):
        return Failure("unsupported name", ", ".join(names))
    return None


def find_unsupported_numbers(answer: str, source: str) -> list[str]:
    """Return the numbers in an answer that are missing from the source.

    Words up to “twenty” count as numbers.
    """
    spelled = _spelled_numbers(answer) - {"1"}  # “one” is rarely a number in speech
    supported = _numbers(source) | _spelled_numbers(source)
    return sorted((_numbers(answer) | spelled) - supported)


def _numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in _NUMBER.findall(text)}


def _spelled_numbers(text: str) -> set[str]:
    return {_SPELLED[w] for word in split_words(text) if (w := word.lower()) in _SPELLED}


def find_unsupported_names(answer: str, source: str) -> list[str]:
    """Return capitalised words in an answer that the source doesn't contain in any form."""
    known = {_stem(word) for word in split_words(source)}
    names = {w for s in split_sentences(answer) for w in _capitalised(s) if _stem(w) not in known}
    return sorted(name for name in names if name.lower() not in _LEXICON.not_names)


def _capitalised(sentence: str) -> list[str]:
    """Return the capitalised words that start neither the sentence nor a quotation."""
    return [
        m.group()
        for m in list(_INSIDE.finditer(sentence))[1:]
        if m.group()[0].isupper() and not _BEGINNING.search(sentence, 0, m.start())
    ]


def _stem(word: str) -> str:
    """Return a word in lower case, without the ending of a contraction or possessive."""
    lower = word.lower()
    return _ENDING.sub("", lower) if "'" in lower or "’" in lower else lower

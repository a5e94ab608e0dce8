"""Check that the passage supports the numbers and names in an answer."""

import re

from pipelines.checks.check import CheckInput, Failure
from pipelines.text.numbers import find_missing_numbers
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon, split_words

CAPITALISED_NOUNS = frozenset({"de", "lb"})
"""Languages in which a capital letter doesn't indicate a name."""
_LEXICON = load_lexicon(__name__)
_ENDING = re.compile(r"['’](?:s|d|ll|re|ve|m)?$|n['’]t$")
_INSIDE = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*")
_BEGINNING = re.compile(r"(?:[.:!?][\"”’']*\s+|[\"“‘(])\Z")


def check_support(item: CheckInput) -> Failure | None:
    """Reject an answer with a number or name that neither the passage nor the question contains."""
    if not item.is_rewritten:
        return None
    text, source = "\n".join(item.answers), item.source
    if numbers := find_unsupported_numbers(text, source, item.language):
        return Failure("unsupported number", ", ".join(numbers))
    has_names = item.language not in CAPITALISED_NOUNS
    if has_names and (names := find_unsupported_names(text, source)):
        return Failure("unsupported name", ", ".join(names))
    return None


def find_unsupported_numbers(answer: str, source: str, language: str = "en") -> list[str]:
    """Return the numbers in an answer that are missing from the source, written as digits."""
    # “one” is rarely a number in speech
    return sorted(find_missing_numbers(answer, source, language) - {"1"})


def find_unsupported_names(answer: str, source: str) -> list[str]:
    """Return the capitalised words of an answer that the source doesn't contain."""
    known = {_stem(word) for word in split_words(source)}
    names = {w for s in split_sentences(answer) for w in _capitalised(s) if _stem(w) not in known}
    return sorted(name for name in names if name.lower() not in _LEXICON.not_names)


def _capitalised(sentence: str) -> list[str]:
    """Return the capitalised words that aren't at the start of the sentence or of a quotation."""
    return [
        m.group()
        for m in list(_INSIDE.finditer(sentence))[1:]
        if m.group()[0].isupper() and not _BEGINNING.search(sentence, 0, m.start())
    ]


def _stem(word: str) -> str:
    """Return a word in lower case, without a contracted or possessive ending."""
    lower = word.lower()
    return _ENDING.sub("", lower) if "'" in lower or "’" in lower else lower

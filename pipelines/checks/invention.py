"""Check that a rewritten answer adds no sentences and keeps the original's numbers and names.

A sentence counts as added if most of its words are new, which means that they occur neither in the
passage nor in the question, and aren't common in conversations. The list of common conversational
words is English, so added sentences aren't found in other languages. Benchmarks on labelled
rewrites are in docs/benchmarks/rewrite_checks.md.
"""

import re

from pipelines.checks.check import CheckInput, Failure
from pipelines.checks.support import (
    CAPITALISED_NOUNS,
    find_unsupported_names,
    find_unsupported_numbers,
)
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon, split_words

LEAST_NEW = 2
SHARE_NEW = 0.5
SHARE_DROPPED = 0.45
SHARE_DROPPED_NAMES = 0.5
_LEXICON = load_lexicon(__name__)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_ENDINGS = ("ing", "ed", "es", "er", "ly", "s")
_SHORTEST_STEM = 3


def check_invention(item: CheckInput) -> Failure | None:
    """Reject an answer that adds a sentence or drops a number, most names or half of the words."""
    if not item.is_rewritten or not item.has_reference:
        return None
    is_english = item.language == "en"  # the common words of other languages aren't listed
    text = "\n".join(item.answers)
    source = " ".join((item.source, *item.rules.requirements))
    if is_english and (sentence := find_invented_sentence(text, source)):
        return Failure("invented", f"“{sentence}”")
    reference = _BRACKETS.sub("", item.candidate.reference)  # dates of birth, other spellings
    answer = f"{text} {item.candidate.question}"
    if lost := find_dropped_facts(reference, answer, item.language):
        return Failure("dropped", ", ".join(lost))
    return None


def find_dropped_facts(reference: str, answer: str, language: str = "en") -> list[str]:
    """Return the facts that an answer drops: numbers, most names, or half of the words.

    Names are compared only in languages that don't capitalise all nouns, and words only in English.
    If some numbers are missing, only those numbers are returned. Up to half of the names may be
    missing, because a pronoun can replace a name.
    """
    if numbers := find_unsupported_numbers(reference, answer, language):
        return numbers
    if language in CAPITALISED_NOUNS:
        return []
    names, all_names = (find_unsupported_names(reference, text) for text in (answer, ""))
    if len(names) > SHARE_DROPPED_NAMES * len(all_names):
        return names
    if language != "en":
        return []
    stems = _stems(reference)
    dropped = sorted(stems - _stems(answer))
    return dropped if len(dropped) > max(LEAST_NEW, SHARE_DROPPED * len(stems)) else []


def find_invented_sentence(answer: str, source: str) -> str:
    """Return the first sentence of an answer whose words are mostly new, or an empty string."""
    known = _stems(source)
    for sentence in split_sentences(answer):
        stems = _stems(sentence)
        new = stems - known
        if len(new) >= LEAST_NEW and len(new) > SHARE_NEW * len(stems):
            return sentence
    return ""


def _stems(text: str) -> set[str]:
    lower = (word.lower().replace("’", "'") for word in split_words(text))
    return {_stem(word) for word in lower if word not in _LEXICON.talk} - _TALK


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM + 1 else word


_TALK = frozenset(map(_stem, _LEXICON.talk))

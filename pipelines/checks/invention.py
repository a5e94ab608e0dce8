"""Check that a rewritten answer has no sentences of its own, and keeps its numbers and names.

A sentence is the teacher's own if most of its words are new: they are neither in the passage nor in
the question, and they aren't words that people use in any conversation. The list of such words is
English, so in other languages only dropped numbers and names are found.
docs/benchmarks/rewrite_checks.md measures the check on labelled rewrites.
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
    """Reject rewritten answers with a sentence of its own, or without a number or name."""
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
    """The numbers that an answer lacks, or else most of the names, or else half of the words.

    “It” may stand for the name of what the question is about. Words are compared in English only,
    and names in languages that capitalise nothing else.
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
    """The first sentence of an answer whose words are mostly new; empty if there is none."""
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

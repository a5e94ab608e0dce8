"""The protocol for scorers, and functions that several scorers use."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, Protocol

from pydantic import ConfigDict, Field

from evaluation.scorers.lexicon import load_lexicon

STRICT = ConfigDict(extra="forbid")
Words = Annotated[str, Field(pattern=r"\S")]
Count = Annotated[int, Field(ge=0)]
LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian"}
LANGUAGES |= {"nl": "Dutch", "pt": "Portuguese", "sv": "Swedish", "da": "Danish", "pl": "Polish"}
LANGUAGES |= {"fi": "Finnish", "ru": "Russian", "cs": "Czech", "ja": "Japanese", "zh": "Chinese"}
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True)
class Score:
    """Whether a text meets a criterion, the measured value, and an explanation in words.

    `is_forbidden` is true if the text contains something that the criterion forbids, and false if
    the text lacks something or misses a bound.
    """

    is_met: bool
    value: float
    detail: str = ""
    is_forbidden: bool = False


class Scorer(Protocol):
    """A criterion, configured in its own subsection of `[criteria]`."""

    def find_problem(self, language: str) -> str:
        """Return an error message if the criterion doesn't support a language, otherwise ""."""

    def describe(self) -> str:
        """Describe the requirement in words, for reviewers and teachers."""

    def score(self, text: str, language: str) -> Score:
        """Score a text in a language that `find_problem` accepts."""


def language_name(code: str) -> str:
    """Return the English name of a language, or its code if the name isn't known."""
    return LANGUAGES.get(code, f"“{code}”")


def describe_range(at_least: float | None, at_most: float | None, unit: str) -> str:
    """Describe bounds, as in `20 to 60 words`."""
    if at_least is not None and at_most is not None:
        amount = f"{at_least:g} to {at_most:g}" if at_least != at_most else f"{at_least:g}"
        return f"{amount} {unit}"
    if at_least is not None:
        return f"at least {at_least:g} {unit}"
    return f"at most {at_most:g} {unit}" if at_most is not None else f"any number of {unit}"


def is_between(value: float, at_least: float | None, at_most: float | None) -> bool:
    """Return whether a value is within the bounds, either of which may be None."""
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def check_bounds(at_least: float | None, at_most: float | None) -> None:
    """Raise `ValueError` if there is no bound, or if no value lies between the bounds."""
    if at_least is None and at_most is None:
        raise ValueError("`at_least` and `at_most` are both missing; set at least one of them")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise ValueError(
            f"`at_least` ({at_least:g}) is larger than `at_most` ({at_most:g}); lower `at_least`, "
            "or raise `at_most`"
        )


def quote(phrases: Iterable[str]) -> str:
    """Put phrases in quotation marks, separated by commas."""
    return ", ".join(f"“{phrase}”" for phrase in phrases)


def split_tokens(text: str) -> list[str]:
    """Return the words and numbers of a text in lower case, with straight apostrophes."""
    return [token.lower().replace("’", "'") for token in _TOKEN.findall(text)]


def find_phrases(text: str, phrases: Iterable[str], language: str = "") -> Iterator[str]:
    """Yield the phrases that occur in a text as whole words, each only once.

    If a language is given, inflected forms count too: `utilise` occurs in “utilised”.
    """
    tokens = split_tokens(text)
    for phrase in phrases:
        wanted = split_tokens(phrase)
        starts = range(len(tokens) - len(wanted) + 1) if wanted else ()
        if any(_are_forms(tokens[n : n + len(wanted)], wanted, language) for n in starts):
            yield phrase


def has_inflections(language: str) -> bool:
    """Return whether inflected forms are known for a language."""
    return language in _lemmatizer().dictionary_languages


def _are_forms(tokens: list[str], wanted: list[str], language: str) -> bool:
    pairs = zip(tokens, wanted, strict=True)
    return all(token == word or _is_form(token, word, language) for token, word in pairs)


@lru_cache(maxsize=100_000)
def _is_form(token: str, word: str, language: str) -> bool:
    """Return whether `token` is a form of `word`, based on lemmas or on common endings."""
    if not language:
        return False
    if _lemma(token, language) == _lemma(word, language):
        return True
    return token.startswith(word) and token[len(word) :] in load_lexicon("endings").get(
        language, ()
    )


@lru_cache(maxsize=100_000)
def _lemma(token: str, language: str) -> str:
    lemma: str = _lemmatizer().lemmatize(token, language)
    if lemma == token:  # a noun of a language that capitalises nouns
        lemma = _lemmatizer().lemmatize(token.capitalize(), language)
    return lemma.lower()


@dataclass(frozen=True)
class _Lemmatizer:
    """A function that finds lemmas of words, and the languages that it has dictionaries for."""

    lemmatize: Callable[[str, str], str]
    dictionary_languages: frozenset[str]


@cache
def _lemmatizer() -> _Lemmatizer:
    import simplemma  # imported on first use, because it reads large dictionaries
    from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    return _Lemmatizer(simplemma.lemmatize, frozenset(SUPPORTED_LANGUAGES))

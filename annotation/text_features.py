"""Compute the surface features by which the rule-based reviewers judge a text."""

import re
from dataclasses import dataclass

from db.records import Span

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)]*\s+")
_CONTRACTION = re.compile(
    r"\b(?:[a-z]+n['’]t|(?:i|you|we|they|he|she|it|that|there|here|what|who|where|how|let)"
    r"['’](?:s|m|d|re|ve|ll))\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b(?:you|your|yours|you['’]\w+|we|our|us|let['’]s|i|my|me|i['’]\w+)\b", re.I
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)]|#{1,6})\s", re.MULTILINE)
_STIFF = re.compile(
    r"\b(?:thereof|thereby|whereby|herein|furthermore|moreover|nevertheless|notwithstanding|"
    r"respectively|aforementioned|utili[sz]e[sd]?|comprises?|comprised|commenced?|pertaining|"
    r"in order to|prior to|subsequent to|with regard to|is defined as|refers to)\b|;|\([^)]{12,}\)",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"^(?:(?:oh|ah|well|wow)[,!]? )?"
    r"(?:(?:what an? )?(?:great|good|nice|fun|fair|excellent|interesting) (?:question|one)|"
    r"certainly|absolutely|i(?:['’]d| would) be happy to (?:help|explain|answer))"
    r"[^.!?:]{0,40}[.!?:]\s+",
    re.IGNORECASE,
)
COPIED_RUN = 6
REPEATED_RUN = 4


@dataclass(frozen=True)
class TextFeatures:
    """Surface features of a text, some of which depend on the text's source."""

    words: int
    mean_sentence_words: float
    max_sentence_words: int
    contractions: float  # it's, don't: per 100 words
    addresses_reader: bool  # you, we, I or a question mark
    stiff: int  # furthermore, whereby; semicolons and long parentheses
    list_items: int  # lines that are list items or headings
    copied: float  # the share of six-word runs that occur in the source
    repeated: float  # the share of four-word runs that occurred earlier in the text
    unsupported_numbers: tuple[Span, ...]  # numbers that aren't in the source
    opener: str  # flattery or filler at the beginning (Great question!)
    is_finished: bool  # whether the text ends like a sentence


def text_features(text: str, source: str = "") -> TextFeatures:
    """Compute the surface features of a text.

    If no source is given, no part of the text counts as copied or unsupported.
    """
    words = tokens(text)
    lengths = [len(tokens(s)) for s in _SENTENCE_END.split(text.strip())]
    lengths = [length for length in lengths if length] or [0]
    opener = _OPENER.match(text)
    return TextFeatures(
        words=len(words),
        mean_sentence_words=sum(lengths) / len(lengths),
        max_sentence_words=max(lengths),
        contractions=100 * len(_CONTRACTION.findall(text)) / max(1, len(words)),
        addresses_reader=bool(_ADDRESS.search(text)) or "?" in text,
        stiff=len(_STIFF.findall(text)),
        list_items=len(_LISTED.findall(text)),
        copied=_copied(runs(words, COPIED_RUN), set(runs(tokens(source), COPIED_RUN))),
        repeated=_repeated(runs(words, REPEATED_RUN)),
        unsupported_numbers=_unsupported_numbers(text, source) if source else (),
        opener=opener.group() if opener else "",
        is_finished=text.rstrip().endswith((".", "!", "?", "…", "”", '"', ")", "’")),
    )


def tokens(text: str) -> list[str]:
    """Return the words of a text in lower case, with straight apostrophes."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    """Return every run of `length` consecutive words."""
    return [tuple(words[i : i + length]) for i in range(len(words) - length + 1)]


def _copied(text_runs: list[tuple[str, ...]], source_runs: set[tuple[str, ...]]) -> float:
    return sum(run in source_runs for run in text_runs) / len(text_runs) if text_runs else 0.0


def _repeated(text_runs: list[tuple[str, ...]]) -> float:
    return 1 - len(set(text_runs)) / len(text_runs) if text_runs else 0.0


def _unsupported_numbers(text: str, source: str) -> tuple[Span, ...]:
    supported = {number.replace(",", "") for number in _NUMBER.findall(source)}
    return tuple(
        Span(match.start(), match.end(), "unsupported")
        for match in _NUMBER.finditer(text)
        if match.group().replace(",", "") not in supported
    )

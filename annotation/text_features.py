"""What can be counted in a text without understanding it; the written rules judge by this."""

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
class Reading:
    """Counts over one text, some of them beside its source.

    Attributes:
        words: Words of the text.
        sentence_words: Words in an average sentence.
        longest_sentence: Words in the longest.
        contractions: Contractions (it's, don't) for every 100 words.
        addresses: Whether it speaks to somebody: you, we, I, or a question.
        stiff: Written phrases such as furthermore, whereby, a semicolon, a long parenthesis.
        listed: Lines that are points of a list, or headings.
        copied: Share of its runs of six words that stand in the source.
        repeated: Share of its runs of four words that it has said before.
        strange_numbers: Where its numbers are that the source does not have.
        opener: The flattery or filler it opens with (Great question!), empty without one.
        ended: Whether it ends like a sentence.
    """

    words: int
    sentence_words: float
    longest_sentence: int
    contractions: float
    addresses: bool
    stiff: int
    listed: int
    copied: float
    repeated: float
    strange_numbers: tuple[Span, ...]
    opener: str
    ended: bool


def read(text: str, source: str = "") -> Reading:
    """The counts of a text beside its source; without one nothing is copied or strange."""
    words = tokens(text)
    lengths = [len(tokens(s)) for s in _SENTENCE_END.split(text.strip())]
    filled = [length for length in lengths if length] or [0]
    opener = _OPENER.match(text)
    return Reading(
        words=len(words),
        sentence_words=sum(filled) / len(filled),
        longest_sentence=max(filled),
        contractions=100 * len(_CONTRACTION.findall(text)) / max(1, len(words)),
        addresses=bool(_ADDRESS.search(text)) or "?" in text,
        stiff=len(_STIFF.findall(text)),
        listed=len(_LISTED.findall(text)),
        copied=_shared(runs(words, COPIED_RUN), set(runs(tokens(source), COPIED_RUN))),
        repeated=_repeated(runs(words, REPEATED_RUN)),
        strange_numbers=_strange(text, source) if source else (),
        opener=opener.group() if opener else "",
        ended=text.rstrip().endswith((".", "!", "?", "…", "”", '"', ")", "’")),
    )


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, apostrophes made straight."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    """Every run of so many words."""
    return [tuple(words[i : i + length]) for i in range(len(words) - length + 1)]


def _shared(found: list[tuple[str, ...]], source: set[tuple[str, ...]]) -> float:
    return sum(run in source for run in found) / len(found) if found else 0.0


def _repeated(found: list[tuple[str, ...]]) -> float:
    return 1 - len(set(found)) / len(found) if found else 0.0


def _strange(text: str, source: str) -> tuple[Span, ...]:
    known = {_plain_number(number) for number in _NUMBER.findall(source)}
    return tuple(
        Span(match.start(), match.end(), "unsupported")
        for match in _NUMBER.finditer(text)
        if _plain_number(match.group()) not in known
    )


def _plain_number(number: str) -> str:
    return number.replace(",", "")

"""Repair the gaps that removed templates leave in a text.

It is written for speed: most replacements are of fixed strings, and each pattern starts with a
character that is rare in prose.
"""

import re

from pipelines.wikipedia.wikitext.templates import HOLE, HOLE_END

_WIDE_SPACES = "\t\xa0\u2002\u2003\u2005\u2009\u200a\u202f\u3000"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_HOLE = f"{HOLE}[^{HOLE_END}\n]*{HOLE_END} ?"
_HOLES = re.compile(f"{_HOLE}(?:{_HOLE})*")
_LEAD_IN = r"(?:or|and|also|pronounced|pronunciation|IPA|English|locally|UK|US|listen|from|lit)"
_OPENING = re.compile(rf"\( ?(?:(?:{_LEAD_IN}\b[:,]? ?)*[,;:] ?)+", re.IGNORECASE)
_EMPTY = re.compile(rf"\( ?(?:{_LEAD_IN}[:,;]? ?)*\)", re.IGNORECASE)
_REPEATED = re.compile(r"([,;]) ?(?:[,;] ?)+(?=\S)")
_REPEATED_SIGNS = tuple(
    f"{one}{space}{other}" for one in ",;" for space in ("", " ") for other in ",;"
)
_BEFORE_POINT = {
    f" {point}": re.compile(rf" {re.escape(point)}(?=[\s)\"”]|$)", re.MULTILINE)
    for point in ",.;:!?"
}


def repair(text: str) -> str:
    """Remove empty brackets, repeated punctuation and repeated spaces. Line breaks stay.

    `Ada (; born 1815)` becomes `Ada (born 1815)`; `Albedo (), or` becomes `Albedo, or`.
    """
    text = _normalise_spaces(_INVISIBLE.sub("", text))
    if HOLE in text:
        text = _HOLES.sub(_drop_loose_hole, text)
    if "(" in text or "[" in text:
        text = _drop_empty_brackets(_OPENING.sub("(", text))
        text = _drop_empty_brackets(_trim_brackets(text))
    if any(signs in text for signs in _REPEATED_SIGNS):
        text = _REPEATED.sub(r"\1 ", text)
    text = _collapse_spaces(text)
    for start, pattern in _BEFORE_POINT.items():
        if start in text:
            text = pattern.sub(start[1], text)
    return text


def _normalise_spaces(text: str) -> str:
    if not text.isascii() or "\t" in text:
        for space in _WIDE_SPACES:
            text = text.replace(space, " ")
    return _collapse_spaces(text)


def _collapse_spaces(text: str) -> str:
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def _drop_empty_brackets(text: str) -> str:
    return _EMPTY.sub("", text).replace("[]", "").replace("[ ]", "")


def _trim_brackets(text: str) -> str:
    """Remove spaces and punctuation at the inner edges of brackets."""
    for opening, closing, signs in (("(", ")", " ,;:"), ("[", "]", " ")):
        *inner, last = text.split(closing)
        text = closing.join([*(part.rstrip(signs) for part in inner), last])
        first, *inner = text.split(opening)
        text = opening.join([first, *(part.lstrip(" ") for part in inner)])
    return text


def _drop_loose_hole(match: re.Match[str]) -> str:
    """Replace holes that aren't part of a sentence. The others stay, so that they're rejected.

    A hole is loose at the edge of a bracket, at the start of a line and after a sentence.
    """
    text = match.string
    before = text[max(0, match.start() - 2) : match.start()].rstrip(" ")[-1:]
    after = text[match.end() : match.end() + 1]
    if before in {"", "\n", "(", "[", ";"} or after in {")", "]", ";"}:
        return ""
    if before in set('.!?"”’)') and after in {"", "\n"}:
        return ""
    starts_sentence = before in set('.!?"”’') and after.isupper()
    return " " if starts_sentence and match.group().endswith(" ") else match.group()

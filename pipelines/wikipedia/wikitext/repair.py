"""The gaps that left-out templates leave in a text, closed.

Written for speed: most replacements are of fixed strings, and a pattern begins with a character
that is rare in prose.
"""

import re

from pipelines.wikipedia.wikitext.templates import HOLE, HOLE_END

_WIDE_SPACES = "\t\xa0\u2002\u2003\u2005\u2009\u200a\u202f\u3000"
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_HOLE = f"{HOLE}[^{HOLE_END}\n]*{HOLE_END} ?"
_HOLES = re.compile(f"{_HOLE}(?:{_HOLE})*")
_SAID = r"(?:or|and|also|pronounced|pronunciation|IPA|English|locally|UK|US|listen|from|lit)"
_OPENING = re.compile(rf"\( ?(?:(?:{_SAID}\b[:,]? ?)*[,;:] ?)+", re.IGNORECASE)
_NOTHING = re.compile(rf"\( ?(?:{_SAID}[:,;]? ?)*\)", re.IGNORECASE)
_TWICE = re.compile(r"([,;]) ?(?:[,;] ?)+(?=\S)")
_DOUBLED = tuple(f"{one}{space}{other}" for one in ",;" for space in ("", " ") for other in ",;")
_BEFORE_POINT = {
    f" {point}": re.compile(rf" {re.escape(point)}(?=[\s)\"”]|$)", re.MULTILINE)
    for point in ",.;:!?"
}


def repair(text: str) -> str:
    """Close empty brackets, doubled points and spaces; line breaks stay where they are.

    `Ada (; born 1815)` becomes `Ada (born 1815)`, `Albedo (), or` becomes `Albedo, or`.
    """
    text = _single_spaced(_UNSEEN.sub("", text))
    if HOLE in text:
        text = _HOLES.sub(_without_loose_holes, text)
    if "(" in text or "[" in text:
        text = _without_nothing(_OPENING.sub("(", text))
        text = _without_nothing(_without_edges(text))
    if any(doubled in text for doubled in _DOUBLED):
        text = _TWICE.sub(r"\1 ", text)
    text = _without_double_spaces(text)
    for start, pattern in _BEFORE_POINT.items():
        if start in text:
            text = pattern.sub(start[1], text)
    return text


def _single_spaced(text: str) -> str:
    if not text.isascii() or "\t" in text:
        for space in _WIDE_SPACES:
            text = text.replace(space, " ")
    return _without_double_spaces(text)


def _without_nothing(text: str) -> str:
    return _NOTHING.sub("", text).replace("[]", "").replace("[ ]", "")


def _without_double_spaces(text: str) -> str:
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def _without_edges(text: str) -> str:
    """The text without spaces and points at the inner edges of brackets."""
    for opening, closing, points in (("(", ")", " ,;:"), ("[", "]", " ")):
        *inner, last = text.split(closing)
        text = closing.join([*(part.rstrip(points) for part in inner), last])
        first, *inner = text.split(opening)
        text = opening.join([first, *(part.lstrip(" ") for part in inner)])
    return text


def _without_loose_holes(match: re.Match[str]) -> str:
    """Nothing for holes that were no part of a sentence; others stay, to be refused.

    No part of one are holes at a bracket's edge, at the start of a line and after a sentence.
    """
    text = match.string
    before = text[max(0, match.start() - 2) : match.start()].rstrip(" ")[-1:]
    after = text[match.end() : match.end() + 1]
    if before in {"", "\n", "(", "[", ";"} or after in {")", "]", ";"}:
        return ""
    if before in set('.!?"”’)') and after in {"", "\n"}:
        return ""
    starts_a_sentence = before in set('.!?"”’') and after.isupper()
    return " " if starts_a_sentence and match.group().endswith(" ") else match.group()

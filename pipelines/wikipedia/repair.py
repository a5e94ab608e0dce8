"""The gaps that left-out templates leave in a text, closed."""

import re

from pipelines.wikipedia.templates import HOLE, HOLE_END

_SPACES = re.compile(r"[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_ANY_HOLE = f"{HOLE}[^{HOLE_END}\n]*{HOLE_END}"
# A hole beside a bracket's edge, at the start of a line or after a sentence was no part of one.
_LOOSE_HOLE = re.compile(
    rf"(?m)(?<=[(\[;]) ?{_ANY_HOLE}| ?{_ANY_HOLE} ?(?=[)\];])|^ ?(?:{_ANY_HOLE} ?)+"
    rf"|(?<=[.!?\"”’)]) ?(?:{_ANY_HOLE} ?)+(?= |$)"
)
_SAID = r"(?:or|and|also|pronounced|pronunciation|IPA|English|locally|UK|US|listen|from|lit)"
_OPENING = re.compile(rf"\( ?(?:(?:{_SAID}\b[:,]? ?)*[,;:] ?)+", re.IGNORECASE)
_NOTHING = re.compile(rf" ?\( ?(?:{_SAID}[:,;]? ?)*\)| ?\[ ?\]|(?<=\s)(?:\"\"|“”)", re.IGNORECASE)
_CLOSING = re.compile(r"(?: ?[,;:])+ ?(?=\))")
_TWICE = re.compile(r"([,;]) ?(?:[,;] ?)+(?=\S)")
_BEFORE_POINT = re.compile(r" +(?=[,.;:!?](?:[\s)\"”]|$))", re.MULTILINE)
_INSIDE = re.compile(r"(?<=[(\[]) +| +(?=[)\]])")


def repair(text: str) -> str:
    """Close empty brackets, doubled points and spaces; line breaks stay where they are.

    `Ada (; born 1815)` becomes `Ada (born 1815)`, `Albedo (), or` becomes `Albedo, or`.
    """
    text = _SPACES.sub(" ", _UNSEEN.sub("", text))
    if HOLE in text:
        text = _LOOSE_HOLE.sub(" ", text)
        text = _SPACES.sub(" ", text)
    if "(" in text or "[" in text:
        text = _OPENING.sub("(", text)
        text = _CLOSING.sub("", text)
        text = _NOTHING.sub("", text)
        text = _INSIDE.sub("", text)
    text = _TWICE.sub(r"\1 ", text)
    return _BEFORE_POINT.sub("", text)

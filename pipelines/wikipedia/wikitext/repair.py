"""Close the gaps that removed templates leave in an article.

The code is optimised for speed: most replacements use fixed strings, and each pattern starts with a
character that is rare in prose.
"""

import re

from pipelines.wikipedia.wikitext.markers import ASIDE, ASIDE_END, BLOCK, HOLE, HOLE_END

_WIDE_SPACES = "\t\xa0\u2002\u2003\u2005\u2009\u200a\u202f\u3000"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_HOLE = f"{BLOCK}?{HOLE}[^{HOLE_END}\n]*{HOLE_END} ?"
_HOLES = re.compile(
    f"(?:^(?:{_HOLE})+$|^(?:{BLOCK}{HOLE}[^{HOLE_END}\n]*{HOLE_END} ?)+)", re.MULTILINE
)
_LEAD_IN = (
    r"(?:or|and|also|pronounced|pronunciation|IPA|English|locally|UK|US|listen|from|lit|prononcé"
    r"|prononciation|Aussprache|ausgesprochen|pronunciado|pronunciación|pronuncia)"
)
_ASIDE = re.compile(f"{ASIDE}([^{ASIDE_END}]*){ASIDE_END}")
_ASIDE_BRACKET = re.compile(
    rf" ?\((?:[^()\n{ASIDE}]|{ASIDE}[^{ASIDE_END}]*{ASIDE_END})*\)"
    rf"|\[(?:[^\[\]\n{ASIDE}]|{ASIDE}[^{ASIDE_END}]*{ASIDE_END})*\]"
)
_PART = re.compile(f"(?:[^,;{ASIDE}]|{ASIDE}[^{ASIDE_END}]*{ASIDE_END})+[,;]?|[,;]")
_ASIDE_PART = re.compile(rf"[ {ASIDE}]*(?:{_LEAD_IN}[:,]?[ {ASIDE}]*)*", re.IGNORECASE)
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


# Punctuation marks that follow a space in some languages.
_SPACED_POINTS = {"fr": ";:!?"}


def repair(text: str, language: str = "en") -> str:
    """Remove empty brackets, repeated punctuation and repeated spaces, but keep line breaks.

    `Ada (; born 1815)` becomes `Ada (born 1815)`; `Albedo (), or` becomes `Albedo, or`.
    """
    text = _normalise_spaces(_INVISIBLE.sub("", text))
    if ASIDE in text:
        text = _ASIDE.sub(r"\1", _ASIDE_BRACKET.sub(_drop_asides, text))
    if HOLE in text:
        text = _HOLES.sub(_drop_block, text).replace(BLOCK, "")
    if "(" in text or "[" in text:
        text = _drop_empty_brackets(_OPENING.sub("(", text))
        text = _drop_empty_brackets(_trim_brackets(text))
    if any(signs in text for signs in _REPEATED_SIGNS):
        text = _REPEATED.sub(r"\1 ", text)
    text = _collapse_spaces(text)
    spaced = _SPACED_POINTS.get(language, "")
    for start, pattern in _BEFORE_POINT.items():
        if start in text and start[1] not in spaced:
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
    """Remove spaces and punctuation just inside brackets."""
    for opening, closing, signs in (("(", ")", " ,;:"), ("[", "]", " ")):
        *inner, last = text.split(closing)
        text = closing.join([*(part.rstrip(signs) for part in inner), last])
        first, *inner = text.split(opening)
        text = opening.join([first, *(part.lstrip(" ") for part in inner)])
    return text


def _drop_asides(match: re.Match[str]) -> str:
    """Remove the parts of a bracketed text that contain only asides, such as pronunciations."""
    bracket = match.group()
    if ASIDE not in bracket:
        return bracket
    space, bracket = (" ", bracket[1:]) if bracket[0] == " " else ("", bracket)
    parts = [part for part in _PART.findall(bracket[1:-1]) if not _is_aside(part)]
    content = "".join(parts).strip(" ").rstrip(" ,;")
    return f"{space}{bracket[0]}{content}{bracket[-1]}" if content else ""


def _is_aside(part: str) -> bool:
    plain = _ASIDE.sub(ASIDE, part)
    return ASIDE in plain and _ASIDE_PART.fullmatch(plain.rstrip(",; ")) is not None


def _drop_block(match: re.Match[str]) -> str:
    """Remove a hole (a marker for missing text) between paragraphs, but not within a sentence."""
    text = match.string
    before = text[max(0, match.start() - 2) : match.start()]
    after = text[match.end() : match.end() + 2]
    if match.group().startswith(BLOCK) and not after.startswith("\n"):
        return ""
    is_in_sentence = before[-2:-1].isalnum() or before[-2:-1] in {",", "-", "–"}
    continues = after[:1] == "\n" and after[1:2].islower()
    return match.group() if is_in_sentence or continues else ""

"""Find the gaps that a text extractor leaves where it removes templates.

Gaps are found before spaces are normalised, because a double space is often the only sign of a
removed template. For example, “an area of and a population of approximately .” lacks both numbers.
Each gap is marked, and the passage that contains it is rejected.
"""

import re
from collections.abc import Callable, Iterator

from pipelines.text.sentences import STOPS, WIDE_STOPS
from pipelines.wikipedia.wikitext.markers import hole, remove_markers

_Match = re.Match[str]

# Words that must be followed by a noun or a number, by language.
_OPEN_WORDS = {
    "en": "the an approximately roughly per",
    "de": "dem den einem einen einer zum zur vom beim im etwa rund",
    "fr": "les des du aux au de environ",
    "es": "el los las del al de unos aproximadamente",
    "it": "il gli dei del della dello degli di al alla",
    "nl": "het per circa ongeveer",
    "pt": "os dos das do da ao aproximadamente",
    "pl": "około",
    "sv": "cirka omkring",
    "ru": "около примерно",
}
_DOUBLE_SPACE = re.compile(
    rf"(?P<end>[{STOPS}{WIDE_STOPS}][\"”’»)\]]*)?(?<=\S)[ \xa0]{{2,}}(?=(?P<next>\S))"
)
_BEFORE_POINT = re.compile(
    r"(?<=[^\s.,;:(\[])[ \xa0]+(?=[.,](?:[\s\"”)]|$))(?!, ?[,;)]|\. \.)", re.M
)
_BEFORE_BRACKET = re.compile(r"(?<=[^\s,;:(])[ \xa0]+(?=\))")
_TWO_POINTS = re.compile(r"(?<=\w,)[ \xa0]*(?=[,.;](?:\s|$))", re.M)
_LOOSE_SIGN = re.compile(r"(?<=[\s(])[£€$₹](?= ?[^\W\d]|[.,;)])")
_MAX_BRACKET = 300


def mark_gaps(text: str, language: str) -> str:
    """Insert a marker at each trace of removed text, named after the kind of trace."""
    text = remove_markers(text)
    text = _DOUBLE_SPACE.sub(_mark_double_space, text)
    for name, pattern, is_gap in _patterns(language):
        text = pattern.sub(_marker(name, is_gap), text)
    return text


def _patterns(language: str) -> Iterator[tuple[str, re.Pattern[str], Callable[[_Match], bool]]]:
    yield "space before punctuation", _BEFORE_POINT, _is_anywhere
    yield "space before a closing bracket", _BEFORE_BRACKET, _is_anywhere
    yield "two punctuation marks", _TWO_POINTS, _is_outside_brackets
    yield "currency without its amount", _LOOSE_SIGN, _is_anywhere
    if language in _OPEN_WORDS:
        words = "|".join(_OPEN_WORDS[language].split())
        yield "word without its noun", re.compile(rf"(?<=\s)(?:{words})(?=[.,;)]\s)"), _is_anywhere


def _marker(name: str, is_gap: Callable[[_Match], bool]) -> Callable[[_Match], str]:
    return lambda match: f"{match.group()}{hole(name)}" if is_gap(match) else match.group()


def _mark_double_space(match: _Match) -> str:
    """Mark a double space as a gap, unless it is between two sentences."""
    if match["end"] and not match["next"].islower():
        return match.group()
    return f"{match['end'] or ''} {hole('double space')} "


def _is_anywhere(match: _Match) -> bool:
    return True


def _is_outside_brackets(match: _Match) -> bool:
    """Return whether a gap is outside brackets.

    A gap inside brackets is harmless, as in `(, born 1815)`.
    """
    before = match.string[max(0, match.start() - _MAX_BRACKET) : match.start()]
    before = before.rpartition("\n")[2]
    return before.rfind("(") <= before.rfind(")")

"""Render superscripts and subscripts (`<sup>`, `<sub>`) as text."""

import re

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.wikitext.markers import FORMULA

_SCRIPT = re.compile(r"<su([pb])\b[^<>]*>([^<>]*)</su\1\s*>", re.I)
_EMPHASIS = re.compile("'{2,}")
_FINAL_POINT = re.compile(r"([,.;:]?)\Z")
_RAISED = dict(
    zip(
        "abcdefghijklmnoprstuvwxyz0123456789+-−=()",
        "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾",
        strict=True,
    )
)
_LOWERED = dict(
    zip("aehijklmnoprstuvx0123456789+-−=()", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True)
)
_ORDINALS = load_lexicon(__name__).ordinals


def render_scripts(text: str) -> str:
    """Replace each superscript and subscript with characters, or with `FORMULA`.

    They're only joined to the text before them if that can't be misread: 10<sup>6.5</sup> isn't
    106.5.
    """
    return _SCRIPT.sub(_render, text)


def _render(match: re.Match[str]) -> str:
    content = _EMPHASIS.sub("", match[2].replace("&minus;", "−")).strip()
    before = match.string[max(0, match.start() - 2) : match.start()]
    is_raised = match[1] in "pP"
    if _is_word(content, before, is_raised):
        return content
    script, end = _FINAL_POINT.split(content, maxsplit=1)[:2] if content else ("", "")
    characters = [(_RAISED if is_raised else _LOWERED).get(c) for c in script]
    if None not in characters:
        return f"{''.join(filter(None, characters))}{end}"
    return FORMULA if any(c.isalnum() for c in content) else content


def _is_word(content: str, before: str, is_raised: bool) -> bool:
    """Return whether a script can be read as a part of the word before it: Dr, 4e, 1st, Tmax."""
    if not is_raised:
        return content.isalpha()
    is_variable = len(content) == 1 and before[-1:].islower() and not before[:-1].isalpha()
    return content.lower() in _ORDINALS and not is_variable

"""Render the text that a template shows, as far as it's known without the template's wiki.

Most templates (notes, maintenance, navigation, boxes) aren't part of a sentence and show nothing.
`lexicon.toml` lists the others and what they show. An unknown template leaves a hole. A passage
with a hole inside a sentence is rejected.
"""

from functools import lru_cache

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.wikitext.quantities import RENDERERS, Renderer, format_number, render_date
from pipelines.wikipedia.wikitext.template_call import TemplateCall, parse_call

# A hole is HOLE + name + HOLE_END, in private-use characters that pages don't contain.
HOLE, HOLE_END = "\ue001", "\ue002"

_LEXICON = load_lexicon(__name__)
_SILENT_STARTS = tuple(_LEXICON.silent_starts)
_SILENT_ENDS = tuple(_LEXICON.silent_ends)
_FUNCTIONS = frozenset({"lc", "uc", "ucfirst", "lcfirst", "formatnum"})
_NOTES = {"flat": "♭", "sharp": "♯", "natural": "♮"}


def render_template(inner: str) -> str:
    """The text shown for the content of `{{…}}`, whose nested templates are already rendered."""
    call = parse_call(inner)
    renderer = _find_renderer(call.name)
    if renderer is not None:
        return renderer(call)
    function, colon, value = call.name.partition(":")
    if colon and function in _FUNCTIONS:
        return format_number(value) if function == "formatnum" else value
    return f"{HOLE}{call.name[:40]}{HOLE_END}"


@lru_cache(maxsize=4096)
def _find_renderer(name: str) -> Renderer | None:
    if name in _RENDERERS:
        return _RENDERERS[name]
    if name.startswith(_SILENT_STARTS) or name.endswith(_SILENT_ENDS):
        return _render_nothing
    if name.startswith("lang-"):
        return lambda call: _with_language(name.removeprefix("lang-"), call.value(0))
    return None


def _render_nothing(call: TemplateCall) -> str:
    return ""


def _with_language(code: str, text: str) -> str:
    language = _LEXICON.languages.get(code)
    return f"{language}: {text}" if language and text else text


def _render_quote(call: TemplateCall) -> str:
    return f"\n{call.named.get('text') or call.named.get('quote') or call.value(0)}\n"


def _render_japanese(call: TemplateCall) -> str:
    english, kanji, romaji = call.value(0), call.value(1), call.value(2)
    main = english or romaji
    aside = ", ".join(part for part in (kanji, romaji if english else "") if part)
    return f"{main} ({aside})" if main and aside else main or aside


def _render_old_style_date(call: TemplateCall) -> str:
    day, year, old = call.value(0), call.value(1), call.value(2)
    return f"{day} [O.S. {old}] {year}" if old else f"{day} {year}"


def _character(character: str) -> Renderer:
    return lambda call: character


def _prefixed(words: str) -> Renderer:
    return lambda call: words + "–".join(call.filled()[:2])


_RENDERERS: dict[str, Renderer] = {
    **dict.fromkeys(_LEXICON.silent, _render_nothing),
    **dict.fromkeys(_LEXICON.first, lambda call: call.value(0)),
    **dict.fromkeys(_LEXICON.second, lambda call: call.value(1) or call.value(0)),
    **dict.fromkeys(_LEXICON.last, lambda call: (call.filled() or [""])[-1]),
    **dict.fromkeys(_LEXICON.commas, lambda call: ", ".join(call.filled())),
    **dict.fromkeys(_LEXICON.spaces, lambda call: " ".join(call.filled())),
    **dict.fromkeys(_LEXICON.quotes, _render_quote),
    **dict.fromkeys(_LEXICON.ships, lambda call: f"{call.name.upper()} {call.value(0)}"),
    **dict.fromkeys(_LEXICON.japanese, _render_japanese),
    **dict.fromkeys(_LEXICON.dates, render_date),
    **dict.fromkeys(_LEXICON.old_style_dates, _render_old_style_date),
    **{name: _prefixed(words) for name, words in _LEXICON.before.items()},
    **{name: _character(character) for name, character in _LEXICON.characters.items()},
    "langx": lambda call: _with_language(call.value(0), call.value(1)),
    "sic": lambda call: "" if call.value(0) == "?" else call.value(0),
    "gloss": lambda call: f"‘{call.value(0)}’",
    "music": lambda call: _NOTES.get(call.value(0), ""),
    **RENDERERS,
}

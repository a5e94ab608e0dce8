"""The text that a template shows, as far as that can be known without its wiki.

Most templates say nothing a reader would read aloud (notes, maintenance, navigation, boxes) and
come to nothing. Those that carry words of a sentence are shown as the wiki would show them; which
do is told by `templates.toml`. One that is not known leaves a hole: harmless where it stands
apart, but a sentence with a hole in it is not passed on.
"""

import tomllib
from functools import lru_cache
from pathlib import Path

from pipelines.wikipedia.wikitext.quantities import MAKERS, Maker, number
from pipelines.wikipedia.wikitext.template_call import Arguments, parse

# Private-use characters that no page has in its text: a hole is `HOLE + name + HOLE_END`.
HOLE, HOLE_END = "\ue001", "\ue002"

_SHOWS = tomllib.loads((Path(__file__).parent / "templates.toml").read_text(encoding="utf-8"))
_SILENT_STARTS = tuple(_SHOWS["silent-starts"])
_SILENT_ENDS = tuple(_SHOWS["silent-ends"])
_FUNCTIONS = frozenset({"lc", "uc", "ucfirst", "lcfirst", "formatnum"})
_NOTES = {"flat": "♭", "sharp": "♯", "natural": "♮"}


def template_text(inner: str) -> str:
    """The text shown for what stands between `{{` and `}}`, its own templates already resolved."""
    args = parse(inner)
    maker = _maker(args.name)
    if maker is not None:
        return maker(args)
    function, colon, value = args.name.partition(":")
    if colon and function in _FUNCTIONS:
        return number(value) if function == "formatnum" else value
    return f"{HOLE}{args.name[:40]}{HOLE_END}"


@lru_cache(maxsize=4096)
def _maker(name: str) -> Maker | None:
    """What makes the text of the templates of a name; None where the name is not known."""
    if name in _MAKERS:
        return _MAKERS[name]
    if name.startswith(_SILENT_STARTS) or name.endswith(_SILENT_ENDS):
        return _silence
    if name.startswith("lang-"):
        return lambda args: _in_language(name.removeprefix("lang-"), args.value(0))
    return None


def _silence(args: Arguments) -> str:
    return ""


def _in_language(code: str, text: str) -> str:
    language = _SHOWS["languages"].get(code)
    return f"{language}: {text}" if language and text else text


def _quoted(args: Arguments) -> str:
    return f"\n{args.named.get('text') or args.named.get('quote') or args.value(0)}\n"


def _in_japanese(args: Arguments) -> str:
    english, kanji, romaji = args.value(0), args.value(1), args.value(2)
    shown = english or romaji
    aside = ", ".join(part for part in (kanji, romaji if english else "") if part)
    return f"{shown} ({aside})" if shown and aside else shown or aside


def _in_the_old_style(args: Arguments) -> str:
    day, year, old = args.value(0), args.value(1), args.value(2)
    return f"{day} [O.S. {old}] {year}" if old else f"{day} {year}"


def _character(shown: str) -> Maker:
    return lambda args: shown


def _after(words: str) -> Maker:
    return lambda args: words + "–".join(args.given()[:2])


def _argument(index: int) -> Maker:
    return lambda args: args.value(index) or args.value(0)


def _joined(between: str) -> Maker:
    return lambda args: between.join(args.given())


def _ship(args: Arguments) -> str:
    return f"{args.name.upper()} {args.value(0)}"


_MAKERS: dict[str, Maker] = {
    **dict.fromkeys(_SHOWS["silent"], _silence),
    **dict.fromkeys(_SHOWS["first"], _argument(0)),
    **dict.fromkeys(_SHOWS["second"], _argument(1)),
    **dict.fromkeys(_SHOWS["commas"], _joined(", ")),
    **dict.fromkeys(_SHOWS["spaces"], _joined(" ")),
    **dict.fromkeys(_SHOWS["last"], lambda args: (args.given() or [""])[-1]),
    **dict.fromkeys(_SHOWS["quotes"], _quoted),
    **dict.fromkeys(_SHOWS["ships"], _ship),
    **{name: _after(words) for name, words in _SHOWS["before"].items()},
    **{name: _character(shown) for name, shown in _SHOWS["characters"].items()},
    **dict.fromkeys(("nihongo", "nihongo2", "nihongo3", "nihongo4", "nihongo krt"), _in_japanese),
    **dict.fromkeys(("oldstyledate", "old style date"), _in_the_old_style),
    "langx": lambda args: _in_language(args.value(0), args.value(1)),
    "sic": lambda args: "" if args.value(0) == "?" else args.value(0),
    "gloss": lambda args: f"‘{args.value(0)}’",
    "music": lambda args: _NOTES.get(args.value(0), ""),
    **MAKERS,
}

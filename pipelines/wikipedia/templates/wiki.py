"""The rules of a wiki: what templates show, and how it writes numbers, dates and quotations.

The rules are stored in `wikis/common.toml`, which applies to every wiki, and `wikis/LANGUAGE.toml`.
"""

import tomllib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

Treatment = Literal["shows", "aside", "note", "nothing", "unknown"]

_SAME_RULES = {"simple": "en"}
_CACHED_NAMES = 8192
_PREFIXES = ("template:", "safesubst:", "subst:")


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The separators in numbers, and the number of digits from which thousands are separated."""

    thousands: str = ","
    decimal: str = "."
    grouped_from: int = 4


@dataclass(frozen=True, slots=True)
class Units:
    """The words that `{{convert}}` shows for units (symbols, plurals, singulars) and for ranges."""

    symbols: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    singular: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, str] = field(default_factory=dict)
    joiner: str = " "
    millions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Wiki:
    """The rules of a wiki. `numbers` is None if the number format is unknown."""

    language: str
    shows: dict[str, str]
    asides: dict[str, str]
    notes: dict[str, str]
    nothing: frozenset[str]
    nothing_starts: tuple[str, ...]
    nothing_ends: tuple[str, ...]
    aside_starts: tuple[str, ...]
    numbers: NumberFormat | None
    units: Units
    months: tuple[str, ...] = ()
    quotation: tuple[str, str] = ("“", "”")
    has_variants: bool = False
    disambiguation: frozenset[str] = frozenset()
    list_titles: tuple[str, ...] = ()
    list_ends: tuple[str, ...] = ()
    silent: frozenset[str] = frozenset()
    words: dict[str, str] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)

    def treatment(self, name: str) -> tuple[Treatment, str]:
        """Return how to treat a template, and the pattern of the text that it shows."""
        if name in self.shows:
            return "shows", self.shows[name]
        if name in self.asides:
            return "aside", self.asides[name]
        if name in self.notes:
            return "note", self.notes[name]
        if name.startswith(self.aside_starts):
            return "aside", ""
        is_silent = name.startswith(self.nothing_starts) or name.endswith(self.nothing_ends)
        return ("nothing", "") if name in self.nothing or is_silent else ("unknown", "")


@lru_cache(_CACHED_NAMES)
def template_name(text: str) -> str:
    """Normalise a template name for lookups: lower case, single spaces, no namespace."""
    name = " ".join(text.replace("_", " ").split()).lower()
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix).lstrip()
    return name


@cache
def listed_wikis() -> frozenset[str]:
    """Return the languages of the wikis that have their own rule file."""
    names = {file.name.partition(".")[0] for file in (files(__package__) / "wikis").iterdir()}
    return frozenset(names - {"common", "__init__"})


@cache
def load_wiki(language: str) -> Wiki:
    """Load the rules of the wiki in a language, or the common rules if the language has no file."""
    common = _read_table("common")
    own = _read_table(_SAME_RULES.get(language, language))
    return Wiki(
        language=language,
        shows=_by_name(common, "shows") | _by_name(own, "shows"),
        asides=_by_name(common, "aside") | _by_name(own, "aside"),
        notes=_by_name(common, "notes") | _by_name(own, "notes"),
        nothing=frozenset(_listed(common, own, "nothing")),
        nothing_starts=tuple(_listed(common, own, "nothing_starts")),
        nothing_ends=tuple(_listed(common, own, "nothing_ends")),
        aside_starts=tuple(_listed(common, own, "aside_starts")),
        numbers=NumberFormat(**own["numbers"]) if "numbers" in own else None,
        units=Units(**own.get("units", {})),
        months=tuple(own.get("months", ())),
        quotation=tuple(own.get("quotation", ("“", "”"))),
        has_variants=own.get("has_variants", False),
        disambiguation=frozenset(_listed(common, own, "disambiguation")),
        list_titles=tuple(_listed(common, own, "list_titles")),
        list_ends=tuple(_listed(common, own, "list_ends")),
        silent=frozenset(_listed(common, own, "silent")),
        words=own.get("words", {}),
        languages=own.get("languages", {}),
        currencies=own.get("currencies", {}),
    )


def _read_table(name: str) -> dict[str, Any]:
    path = files(__package__) / "wikis" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _by_name(table: dict[str, Any], key: str) -> dict[str, str]:
    """Map each template name to its pattern; the files map patterns to lists of names."""
    patterns: dict[str, list[str]] = table.get(key, {})
    return {name: pattern for pattern, names in patterns.items() for name in names}


def _listed(common: dict[str, Any], own: dict[str, Any], key: str) -> list[str]:
    return [*common.get(key, []), *own.get(key, [])]

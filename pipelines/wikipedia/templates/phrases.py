"""Render templates that show words: foreign terms, ships, quotations and editors' notes."""

import re

from pipelines.wikipedia.templates.patterns import fill_pattern, find_argument, has_more
from pipelines.wikipedia.templates.template_call import TemplateCall
from pipelines.wikipedia.templates.wiki import Wiki
from pipelines.wikipedia.wikitext.markers import QUOTATION, QUOTATION_END

_NOTES = {"flat": "♭", "b": "♭", "sharp": "♯", "#": "♯", "natural": "♮"}
_YES = frozenset({"y", "yes", "1", "on", "true"})
_LETTERS = re.compile(r"[A-Z]{2,5}\Z")


def render_labelled(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{lang-fr|Amitié}}`, or `{{langx|fr|Amitié}}` with option 2, as “French: Amitié”."""
    is_numbered = options == "2"
    code = call.value(0) if is_numbered else call.name.removeprefix("lang-")
    text = call.option("text") or call.value(1 if is_numbered else 0)
    if has_more("2" if is_numbered else "1", call):
        return None  # a transliteration or a translation
    language = call.option("label") or wiki.languages.get(code, "")
    if call.option("label").lower() in {"none", "no"} or call.option("links") == "-":
        return text or None
    pattern = wiki.words.get("language", "")
    if not text or not language or not pattern:
        return None
    return pattern.replace("LANGUAGE", language).replace("TEXT", text)


def render_ship(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{HMS|Victory|1765|6}}` or `{{ship|HMS|Victory|1765|6}}` as “HMS Victory”."""
    values = call.values if call.name == "ship" else [call.name.upper(), *call.values]
    prefix, name, mark, form = (*values, "", "", "", "")[:4]
    form = form or call.option("up") or call.option("format")
    if not name or form not in {"", "2", "6"}:
        return None
    if form == "2" and not (call.name == "ship" and _LETTERS.match(prefix)):
        return name
    suffix = f" ({mark})" if mark and not form else ""
    return f"{prefix} {name}{suffix}".strip()


def render_japanese(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{nihongo|tea|茶|cha}}` as “tea (茶, cha)”."""
    if has_more("3", call):
        return None
    english, kanji, romaji = call.value(0), call.value(1), call.value(2)
    main = english or romaji
    aside = ", ".join(part for part in (kanji, romaji if english else "") if part)
    return (f"{main} ({aside})" if main and aside else main or aside) or None


def render_sic(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{sic|ex|treamly}}` as “extreamly [sic]”."""
    is_doubtful = call.value(0) == "?"
    word = "" if is_doubtful else "".join(call.values[:2])
    if call.option("hide").lower() in _YES:
        return word or None
    note = "[sic?]" if is_doubtful else "[sic]"
    return f"{word} {note}" if word else note


def render_pronunciation(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{IPA|/æ/}}` as “/æ/”.

    If the call specifies a language (`{{IPA|fr|…}}`), the result is None, because the page also
    shows the name of the language.
    """
    return call.value(0) if len(call.filled()) == 1 else None


def render_note(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{music|flat}}` as “♭”."""
    return _NOTES.get(call.value(0).lower()) if len(call.filled()) == 1 else None


def render_circa(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{circa|1500|1550}}` as “c. 1500 – c. 1550”.

    `options` is the text before each year, such as “c. ”.
    """
    years = call.filled()
    if not years:
        return None if call.values else options.strip()
    return " – ".join(f"{options}{year}" for year in years[:2])


def render_quotation(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render a block quotation in quotation marks, with its author and source.

    `options` lists the arguments for the text, the author and the source: `text|1; author|2;
    source|3`.
    """
    names = [*(part.strip() for part in options.split(";")), ""]
    text = find_argument(names[0], call)
    if not text or has_more(options, call):
        return None
    by = [value for names_ in names[1:] if names_ and (value := find_argument(names_, call))]
    return quote_block(text, ", ".join(by), wiki)


def quote_block(text: str, attribution: str, wiki: Wiki) -> str:
    """Format a block quotation, marking its start and end so that it stays with its context."""
    opening, closing = wiki.quotation
    text = " ".join(text.replace(QUOTATION, "").replace(QUOTATION_END, "").split())
    if not text.startswith(("“", '"', "«", "„", "”", "「", "‘")):
        text = f"{opening}{text}{closing}"
    by = " ".join(attribution.split()).lstrip("—–- ")
    return f"{QUOTATION}{text}{f' — {by}' if by else ''}{QUOTATION_END}"


def render_marks(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render a quotation within a sentence, in the wiki's quotation marks.

    Arguments after the quotation, such as its author, aren't part of the sentence.
    """
    text = fill_pattern(options or "{1}", call)
    opening, closing = wiki.quotation
    return f"{opening}{text}{closing}" if text else None

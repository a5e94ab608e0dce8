"""Render HTML tags and the tags of MediaWiki's extensions as text."""

import re

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.templates.phrases import quote_block
from pipelines.wikipedia.templates.wiki import Wiki
from pipelines.wikipedia.wikitext.elements import replace_elements, replace_nested
from pipelines.wikipedia.wikitext.formulas import render_chemistry, render_formula
from pipelines.wikipedia.wikitext.markers import hole
from pipelines.wikipedia.wikitext.scripts import render_scripts

_LEXICON = load_lexicon(__name__)
_HIDDEN = "|".join(_LEXICON.hidden)
_OBJECTS = "|".join(_LEXICON.objects)
_CHEMISTRY = "chem|ce"
_BLOCKS = "table|ul|ol|dl"
_QUOTATIONS = "blockquote|poem"
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# A note that isn't closed before the next one starts leaves its tag, and so a hole.
_NOTE = re.compile(r"<ref\b(?:[^<>]*/>|[^<>]*>[^<]*+(?:<(?!/?ref\b)[^<]*+)*+</ref\s*>)", re.I)
_INVISIBLE = re.compile(
    r"style ?=[^<>]{0,300}(?:display ?: ?none|visibility ?: ?hidden)", re.IGNORECASE
)
_BREAK = re.compile(r"</?\s*(?:br|hr)\b[^<>]*>", re.I)
_PARAGRAPH = re.compile(r"</?(?:blockquote|p|div|poem|center)\b[^<>]*>", re.I)
_HEADING = re.compile(r"<h([1-6])\b[^<>]*>([^<>\n]*)</h\1\s*>", re.I)
_TAG = re.compile(r"</?([a-z][a-z0-9]*)\b[^<>]*>", re.I)
_ENTITY = {ord(c): f"&#{ord(c)};" for c in "[]{}|'<>*#:;="}


def replace_extensions(text: str) -> str:
    """Replace comments, notes and the tags of extensions, whose content isn't wikitext.

    What readers see without being able to read it as text becomes a hole.
    """
    if "<" not in text:
        return text
    text = _COMMENT.sub("", text)
    text = _NOTE.sub("", text)
    text = replace_elements(text, "nowiki", lambda _, content: content.translate(_ENTITY))
    text = replace_elements(text, _HIDDEN, lambda *_: "")
    text = replace_elements(text, _OBJECTS, lambda name, _: hole(name))
    text = replace_elements(text, "math", lambda _, content: render_formula(content))
    return replace_elements(text, _CHEMISTRY, lambda _, content: render_chemistry(content))


def render_tags(text: str, wiki: Wiki) -> str:
    """Replace HTML tags with what they show; a tag that isn't HTML becomes a hole."""
    if "<" not in text:
        return text
    if _INVISIBLE.search(text):
        text = replace_nested(text, "[a-z][a-z0-9]*", lambda *_: "", _INVISIBLE)
    text = replace_nested(text, _BLOCKS, lambda *_: "\n\n")
    text = replace_nested(text, _QUOTATIONS, lambda _, content: f"\n{_quote(content, wiki)}\n")
    opening, closing = wiki.quotation
    text = replace_nested(text, "q", lambda _, content: f"{opening}{content}{closing}")
    if "<r" in text:
        text = _render_ruby(text, wiki)
    text = render_scripts(text)
    text = _HEADING.sub(lambda m: f"\n{'=' * int(m[1])} {m[2]} {'=' * int(m[1])}\n", text)
    text = _PARAGRAPH.sub("\n\n", _BREAK.sub(" ", text))
    return _TAG.sub(lambda m: "" if m[1].lower() in _LEXICON.html else hole(m[1]), text)


def _quote(content: str, wiki: Wiki) -> str:
    return quote_block(_PARAGRAPH.sub(" ", content), "", wiki)


def _render_ruby(text: str, wiki: Wiki) -> str:
    """Put the reading of a character in brackets, as browsers without ruby do."""
    opening, closing = "（）" if wiki.language in {"ja", "zh"} else "()"
    text = replace_elements(text, "rp", lambda *_: "")
    return replace_elements(text, "rt", lambda _, content: f"{opening}{content}{closing}")

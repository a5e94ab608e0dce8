"""Parse wikitext into sections of plain paragraphs, leaving out lists, tables, notes and markup."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.templates.phrases import quote_block
from pipelines.wikipedia.templates.rendering import render_template
from pipelines.wikipedia.templates.wiki import Wiki, load_wiki
from pipelines.wikipedia.wikitext.apostrophes import remove_emphasis
from pipelines.wikipedia.wikitext.brackets import render_brackets
from pipelines.wikipedia.wikitext.elements import replace_elements
from pipelines.wikipedia.wikitext.formulas import render_formula
from pipelines.wikipedia.wikitext.links import render_link
from pipelines.wikipedia.wikitext.markers import FRACTION, remove_markers
from pipelines.wikipedia.wikitext.numbers import join_fraction, subscript, superscript
from pipelines.wikipedia.wikitext.paragraphs import join_paragraphs
from pipelines.wikipedia.wikitext.repair import repair
from pipelines.wikipedia.wikitext.variants import convert_variants


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the paragraphs below it. The introduction's heading is an empty string."""

    title: str
    paragraphs: tuple[str, ...]


_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# If a note isn't closed before the next one starts, only its tag is removed.
_NOTE = re.compile(r"<ref\b(?:[^<>]*/>|[^<>]*>[^<]*+(?:<(?!/?ref\b)[^<]*+)*+</ref\s*>)", re.I)
_NOT_PROSE = (
    "gallery|timeline|imagemap|score|syntaxhighlight|source|pre|hiero|references|graph|mapframe"
    "|templatestyles|inputbox|s|del|strike|canvas|audio|video|categorytree|section|indicator"
)
_BLOCKS = "table|ul|ol|dl"
_FORMULAS = "math|chem|ce"
_QUOTATIONS = "blockquote|poem"
_SCRIPT = re.compile(r"<su([pb])\b[^<>]*>([^<>]*)</su\1\s*>", re.I)
_BREAK = re.compile(r"</?\s*(?:br|hr)\b[^<>]*>", re.I)
_PARAGRAPH = re.compile(r"</?(?:blockquote|p|div|poem|center)\b[^<>]*>", re.I)
_TAG = re.compile(r"</?[a-z][a-z0-9]*\b[^<>]*>", re.I)
_EXTERNAL_LINK = re.compile(
    r"\[(?:https?:|ftp:|mailto:|news:|irc:)?//[^\s\[\]]*\s*([^\[\]]*)\]"
    r"|\[mailto:[^\s\[\]]*\s*([^\[\]]*)\]",
    re.I,
)
_URL = re.compile(r"(?:https?|ftp)://[^\s\])>|]+", re.I)
_BRACKETS = re.compile(r"\{\{|\}\}|\[\[|\]\]")
_SWITCH = re.compile(r"__(?:[A-ZÀ-ÞА-Я]{2,}_?)+__|__[\u3040-\u30ff\u4e00-\u9fff]+__")
_MIXED_NUMBER = re.compile(rf"(?:(?<![\d,.])(\d+))?{FRACTION}(?:(\d+/\d+))?")
_HEADING = re.compile(r"(={1,6})\s*(.*?)\s*\1(?:\s|$)")
_ENTITY = {ord(c): f"&#{ord(c)};" for c in "[]{}|'<>*#:;="}

# The headings, in several languages, of sections that contain references and links instead of
# prose.
APPARATUS = frozenset(load_lexicon(__name__).apparatus)


def parse_wikitext(text: str, language: str = "en", title: str = "") -> list[Section]:
    """Return the sections of a page that contain prose, in order.

    `language` is the language of the wiki, which determines what templates show. `title` is the
    page title.
    """
    wiki = load_wiki(language)
    return render_page(text, wiki, lambda inner: render_template(inner, wiki, title))


def render_page(text: str, wiki: Wiki, render: Callable[[str], str]) -> list[Section]:
    """Return the sections of a page that contain prose; `render` renders the inside of `{{…}}`."""
    sections: list[Section] = []
    for heading, lines in _by_heading(_render(text, wiki, render)):
        paragraphs = tuple(join_paragraphs(lines))
        if paragraphs:
            sections.append(Section(heading, paragraphs))
    return sections


def _render(text: str, wiki: Wiki, render: Callable[[str], str]) -> str:
    """Render links, templates, tags and entities, without changing the line breaks."""
    text = remove_markers(text)
    if text.count("&lt;/ref&gt;") > 1 and "<ref" not in text:
        text = html.unescape(text)  # The page was escaped twice for XML.
    if "<" in text:
        text = _COMMENT.sub("", text)
        text = _NOTE.sub("", text)
        text = replace_elements(text, "nowiki", lambda _, content: content.translate(_ENTITY))
        text = replace_elements(text, _NOT_PROSE, lambda *_: "")
        text = replace_elements(text, _FORMULAS, lambda _, content: render_formula(content))
    if wiki.has_variants:
        text = convert_variants(text)
    text = render_brackets(text, render, render_link)
    text = _EXTERNAL_LINK.sub(lambda m: m.group(1) or m.group(2) or "", _BRACKETS.sub("", text))
    if "<" in text:
        text = _strip_tags(text, wiki)
    if "://" in text:
        text = _URL.sub("", text)
    if FRACTION in text:
        text = _MIXED_NUMBER.sub(lambda m: _join_fraction(m.group(1), m.group(2)), text)
    text = remove_emphasis(text)
    return repair(html.unescape(_SWITCH.sub("", text)), wiki.language)


def _join_fraction(whole: str | None, fraction: str | None) -> str:
    return (
        join_fraction(whole, fraction) if whole and fraction else (whole or "") + (fraction or "")
    )


def _strip_tags(text: str, wiki: Wiki) -> str:
    text = replace_elements(text, _BLOCKS, lambda *_: "")
    text = replace_elements(
        text, _QUOTATIONS, lambda _, content: f"\n{quote_block(content, '', wiki)}\n"
    )
    text = _SCRIPT.sub(_render_script, text)
    text = _PARAGRAPH.sub("\n", _BREAK.sub(" ", text))
    return _TAG.sub("", text)


def _render_script(match: re.Match[str]) -> str:
    content = match.group(2).replace("&minus;", "−")
    return (superscript if match.group(1) in "pP" else subscript)(content)


def _by_heading(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each heading with the lines below it, except in the sections listed in `APPARATUS`."""
    title, lines, skipped = "", list[str](), 0
    for line in text.split("\n"):
        heading = _HEADING.match(line) if line.startswith("=") else None
        if heading is None:
            lines.append(line)
            continue
        if not skipped:
            yield title, lines
        level = len(heading.group(1))
        title, lines = heading.group(2).strip("= "), []
        if not skipped or level <= skipped:
            skipped = level if title.lower().rstrip(":") in APPARATUS else 0
    if not skipped:
        yield title, lines

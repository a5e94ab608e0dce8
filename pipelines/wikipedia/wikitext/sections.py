"""Wikitext parsed into sections of plain paragraphs, without lists, tables, notes and markup."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.wikitext.brackets import render_brackets
from pipelines.wikipedia.wikitext.formulas import FORMULA, render_formula
from pipelines.wikipedia.wikitext.links import render_link
from pipelines.wikipedia.wikitext.quantities import subscript, superscript
from pipelines.wikipedia.wikitext.repair import repair
from pipelines.wikipedia.wikitext.templates import HOLE, HOLE_END, render_template


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, empty before the first one, and the paragraphs under it."""

    title: str
    paragraphs: tuple[str, ...]


_PLACEHOLDERS = (FORMULA, HOLE, HOLE_END)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# If a note isn't closed before the next one opens, only its tag is removed.
_NOTE = re.compile(r"<ref\b(?:[^<>]*/>|[^<>]*>[^<]*+(?:<(?!/?ref\b)[^<]*+)*+</ref\s*>)", re.I)
_NOWIKI = re.compile(r"<nowiki\s*>(.*?)</nowiki\s*>", re.I | re.DOTALL)
_NOT_PROSE = re.compile(
    r"<(gallery|timeline|imagemap|score|syntaxhighlight|source|pre|hiero|references|graph|mapframe"
    r"|templatestyles|inputbox|s|del|strike|canvas|audio|video|categorytree|section|indicator)\b"
    r"(?:[^<>]*/>|[^<>]*>.*?</\1\s*>)",
    re.I | re.DOTALL,
)
_BLOCK = re.compile(r"<(table|ul|ol|dl)\b[^<>]*>.*?</\1\s*>", re.I | re.DOTALL)
_FORMULA = re.compile(r"<(math|chem|ce)\b[^<>]*>(.*?)</\1\s*>", re.I | re.DOTALL)
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
_SWITCH = re.compile(r"__[A-Z]{3,}__")
_QUOTES = ("'''''", "'''", "''")
_HEADING = re.compile(r"(={1,6})\s*(.*?)\s*\1(?:\s|$)")
_ENTITY = {ord(c): f"&#{ord(c)};" for c in "[]{}|'<>*#:;="}
_LIST_SIGNS = frozenset("*#:;|!")

# Headings, in several languages, of sections with references and links instead of prose.
APPARATUS = frozenset(load_lexicon(__name__).apparatus)


def parse_wikitext(text: str) -> list[Section]:
    """The sections of a page that have prose, in order."""
    sections: list[Section] = []
    for title, lines in _by_heading(_render(text)):
        paragraphs = tuple(_paragraphs(lines))
        if paragraphs:
            sections.append(Section(title, paragraphs))
    return sections


def _render(text: str) -> str:
    """The text with links, templates, tags and entities rendered, in the same lines."""
    for placeholder in _PLACEHOLDERS:
        text = text.replace(placeholder, "")
    if text.count("&lt;/ref&gt;") > 1 and "<ref" not in text:
        text = html.unescape(text)  # The page was escaped for XML twice.
    if "<" in text:
        text = _COMMENT.sub("", text)
        text = _NOTE.sub("", text)
        text = _NOWIKI.sub(lambda m: m.group(1).translate(_ENTITY), text)
        text = _NOT_PROSE.sub("", text)
        text = _FORMULA.sub(lambda m: render_formula(m.group(2)), text)
    text = _BRACKETS.sub("", render_brackets(text, render_template, render_link))
    text = _EXTERNAL_LINK.sub(lambda m: m.group(1) or m.group(2) or "", text)
    if "<" in text:
        text = _strip_tags(text)
    if "://" in text:
        text = _URL.sub("", text)
    for quotes in _QUOTES:
        text = text.replace(quotes, "")
    return repair(html.unescape(_SWITCH.sub("", text)))


def _strip_tags(text: str) -> str:
    text = _BLOCK.sub("", text)
    text = _SCRIPT.sub(_render_script, text)
    text = _PARAGRAPH.sub("\n", _BREAK.sub(" ", text))
    return _TAG.sub("", text)


def _render_script(match: re.Match[str]) -> str:
    content = match.group(2).replace("&minus;", "−")
    return (superscript if match.group(1) in "pP" else subscript)(content)


def _by_heading(text: str) -> Iterator[tuple[str, list[str]]]:
    """The headings and the lines under each, without the sections in `APPARATUS`."""
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


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """The paragraphs of a section: consecutive lines joined, lists and tables left out."""
    paragraph: list[str] = []
    depth = 0  # of nested tables
    for line in lines:
        stripped = line.strip()
        opens, closes = stripped.lstrip(":* ").startswith("{|"), stripped.startswith("|}")
        depth = max(0, depth + opens - closes)
        if not depth and not closes and _is_prose(stripped):
            paragraph.append(stripped)
        elif paragraph:
            yield _join(paragraph)
            paragraph = []
    if paragraph:
        yield _join(paragraph)


def _join(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else " ".join(lines).replace(" ,", ",")


def _is_prose(line: str) -> bool:
    return bool(line) and line[0] not in _LIST_SIGNS and line.strip("-. ") != ""

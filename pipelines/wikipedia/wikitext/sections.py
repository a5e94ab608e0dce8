"""Wikitext as plain prose: sections of paragraphs, without lists, tables, notes and markup."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.wikipedia.wikitext.brackets import resolve
from pipelines.wikipedia.wikitext.formulas import FORMULA, formula_text
from pipelines.wikipedia.wikitext.links import link_text
from pipelines.wikipedia.wikitext.quantities import lowered, raised
from pipelines.wikipedia.wikitext.repair import repair
from pipelines.wikipedia.wikitext.templates import HOLE, HOLE_END, template_text


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (empty before the first one) and the paragraphs under it."""

    title: str
    paragraphs: tuple[str, ...]


_PRIVATE = (FORMULA, HOLE, HOLE_END)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# A note that is not closed before the next one opens loses its tag only, not the page behind it.
_NOTE = re.compile(r"<ref\b(?:[^<>]*/>|[^<>]*>[^<]*+(?:<(?!/?ref\b)[^<]*+)*+</ref\s*>)", re.I)
_NOWIKI = re.compile(r"<nowiki\s*>(.*?)</nowiki\s*>", re.I | re.DOTALL)
_APART = re.compile(
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
_OUTSIDE = re.compile(r"\[(?:https?:|ftp:|mailto:|news:|irc:)?//[^\s\[\]]*\s*([^\[\]]*)\]|"
                      r"\[mailto:[^\s\[\]]*\s*([^\[\]]*)\]", re.I)  # fmt: skip
_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s\])>|]+", re.I)
_BRACKETS = re.compile(r"\{\{|\}\}|\[\[|\]\]")
_SWITCH = re.compile(r"__[A-Z]{3,}__")
_QUOTES = ("'''''", "'''", "''")
_HEADING = re.compile(r"(={1,6})\s*(.*?)\s*\1(?:\s|$)")
_ENTITY = {ord(c): f"&#{ord(c)};" for c in "[]{}|'<>*#:;="}
_LIST = frozenset("*#:;|!")

# Headings in several languages under which there is apparatus, not prose.
APPARATUS = frozenset(
    [
        "references",
        "notes",
        "footnotes",
        "citations",
        "sources",
        "bibliography",
        "further reading",
        "external links",
        "see also",
        "notes and references",
        "references and notes",
        "works cited",
        "gallery",
        "notes and citations",
        "einzelnachweise",
        "weblinks",
        "literatur",
        "siehe auch",
        "quellen",
        "anmerkungen",
        "références",
        "voir aussi",
        "notes et références",
        "liens externes",
        "bibliographie",
        "referencias",
        "véase también",
        "enlaces externos",
        "bibliografía",
        "note",
        "bibliografia",
        "collegamenti esterni",
        "voci correlate",
        "ver também",
        "referências",
        "ligações externas",
        "примечания",
        "литература",
        "ссылки",
        "см. также",
        "източници",
        "външни препратки",
        "вижте също",
        "бележки",
        "参考文献",
        "外部链接",
        "外部連結",
        "参见",
        "參見",
        "外部リンク",
        "関連項目",
        "脚注",
    ]
)


def sections(text: str) -> list[Section]:
    """The prose of a page by sections, in order; a section without prose is not among them."""
    shown = _shown(text)
    found: list[Section] = []
    for title, lines in _by_heading(shown):
        paragraphs = tuple(_paragraphs(lines))
        if paragraphs:
            found.append(Section(title, paragraphs))
    return found


def _shown(text: str) -> str:
    """The text with links, templates, tags and entities resolved; lines as in the wikitext."""
    for sign in _PRIVATE:
        text = text.replace(sign, "")
    if text.count("&lt;/ref&gt;") > 1 and "<ref" not in text:
        text = html.unescape(text)  # a page that was written out as XML once too often
    if "<" in text:
        text = _COMMENT.sub("", text)
        text = _NOTE.sub("", text)
        text = _NOWIKI.sub(lambda m: m.group(1).translate(_ENTITY), text)
        text = _APART.sub("", text)
        text = _FORMULA.sub(lambda m: formula_text(m.group(2)), text)
    text = _BRACKETS.sub("", resolve(text, template_text, link_text))
    text = _OUTSIDE.sub(lambda m: m.group(1) or m.group(2) or "", text)
    if "<" in text:
        text = _without_tags(text)
    if "://" in text:
        text = _ADDRESS.sub("", text)
    for quotes in _QUOTES:
        text = text.replace(quotes, "")
    return repair(html.unescape(_SWITCH.sub("", text)))


def _without_tags(text: str) -> str:
    text = _BLOCK.sub("", text)
    text = _SCRIPT.sub(_script, text)
    text = _PARAGRAPH.sub("\n", _BREAK.sub(" ", text))
    return _TAG.sub("", text)


def _script(match: re.Match[str]) -> str:
    content = match.group(2).replace("&minus;", "−")
    return (raised if match.group(1) in "pP" else lowered)(content)


def _by_heading(text: str) -> Iterator[tuple[str, list[str]]]:
    """Headings and the lines under each, without the sections that hold apparatus."""
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
    """Paragraphs of a section: lists and tables left out, lines without a blank between joined."""
    paragraph: list[str] = []
    depth = 0
    for line in lines:
        stripped = line.strip()
        opened, closed = stripped.lstrip(":* ").startswith("{|"), stripped.startswith("|}")
        depth = max(0, depth + opened - closed)
        if not depth and not closed and _is_prose(stripped):
            paragraph.append(stripped)
        elif paragraph:
            yield _joined(paragraph)
            paragraph = []
    if paragraph:
        yield _joined(paragraph)


def _joined(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else " ".join(lines).replace(" ,", ",")


def _is_prose(line: str) -> bool:
    return bool(line) and line[0] not in _LIST and line.strip("-. ") != ""

"""Articles that come as plain text: rows with an id, an address, a title and a text."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.articles.page import Page, Site, host_of
from pipelines.storable_text import make_storable
from pipelines.wikipedia.wikitext.formulas import FORMULA
from pipelines.wikipedia.wikitext.repair import repair
from pipelines.wikipedia.wikitext.sections import APPARATUS, Section

COLUMNS = ("id", "url", "title", "text")

_PLACEHOLDER = re.compile(r"\bformula_\d+\b")
_LEFTOVER = re.compile(
    r"</?(?:dl|ul|ol|li|br|ref|div|span|nowiki|onlyinclude|math|poem)\b[^<>]*>|\[update\]|\[ ?\]"
)
# A pronunciation that an extractor left as the closing bracket alone: `Alps (]; born …)`.
_CLOSING_BRACKET = re.compile(r"(?<=[(,;\s])\](?=[\s,;)])")
_SENTENCE_END = re.compile(r"[.!?…:;,。！？][\"'”’)]*$")
_LONGEST_HEADING = 80
_WORDS_OF_A_DOTTED_HEADING = 8


def plain_page(row: Mapping[str, Any], source: str, licence: str) -> tuple[Site, Page]:
    """A row as a page; language and licence follow from its address."""
    url = str(row["url"])
    host = host_of(url)
    language = host.split(".")[0]
    known = host.endswith(".wikipedia.org") and language != "www"
    site = Site(source, f"https://{host}/" if host else "", language if known else "en", licence)
    title, name, text = (make_storable(str(row[key] or "")) for key in ("title", "id", "text"))
    return site, Page(title, name, text, url=make_storable(url))


def plain_sections(text: str, title: str) -> list[Section]:
    """The sections of a plain text: short lines that end no sentence are taken for headings."""
    found: list[Section] = []
    heading, paragraphs = "", list[str]()
    for line in _lines(text):
        if line == title and not found and not paragraphs:
            continue
        if not _is_heading(line):
            paragraphs.append(line)
            continue
        if paragraphs and heading.lower() not in APPARATUS:
            found.append(Section(heading, tuple(paragraphs)))
        heading, paragraphs = line.rstrip("."), []
    if paragraphs and heading.lower() not in APPARATUS:
        found.append(Section(heading, tuple(paragraphs)))
    return found


def _lines(text: str) -> Iterator[str]:
    if "formula_" in text:
        text = _PLACEHOLDER.sub(FORMULA, text)
    if "<" in text or "[" in text:
        text = _LEFTOVER.sub("", text)
    if "]" in text:
        text = _CLOSING_BRACKET.sub("", text)
    for line in repair(text).split("\n"):
        if stripped := line.strip():
            yield stripped


def _is_heading(line: str) -> bool:
    """A line of a few words with no end, or with the full stop that some extractors add."""
    if len(line) > _LONGEST_HEADING:
        return False
    if not _SENTENCE_END.search(line):
        return True
    return line.endswith(".") and len(line.split()) <= _WORDS_OF_A_DOTTED_HEADING

"""Split plain-text articles into sections."""

import re
from collections.abc import Iterator

from pipelines.text.sentences import STOPS, WIDE_STOPS
from pipelines.wikipedia.wikitext.markers import FORMULA, HEADING
from pipelines.wikipedia.wikitext.repair import repair
from pipelines.wikipedia.wikitext.sections import APPARATUS, Section

_PLACEHOLDER = re.compile(r"\bformula_\d+\b")
_LEFTOVER = re.compile(
    r"</?(?:dl|ul|ol|li|br|ref|div|span|nowiki|onlyinclude|math|poem)\b[^<>]*>|\[update\]|\[ ?\]"
)
# Some extractors remove a pronunciation except for its closing bracket: `Alps (]; born …)`.
_CLOSING_BRACKET = re.compile(r"(?<=[(,;\s])\](?=[\s,;)])")
_SENTENCE_END = re.compile(rf"[{STOPS}{WIDE_STOPS}:;,][\"'”’)]*$")
_MAX_HEADING_CHARACTERS = 80
_MAX_DOTTED_HEADING_WORDS = 8


def parse_plain_text(
    text: str, language: str, title: str, is_document: bool = False
) -> list[Section]:
    """Split plain text into sections.

    A short line that doesn't end a sentence counts as a heading. In a document, a short line with a
    full stop is a sentence, and every section is kept. In other texts, extractors add full stops to
    headings.
    """
    sections: list[Section] = []
    skipped = frozenset[str]() if is_document else APPARATUS
    heading, paragraphs = "", list[str]()
    for line in _lines(text, language):
        plain = line.removeprefix(HEADING)
        if plain == title and not sections and not paragraphs:
            continue
        if not line.startswith(HEADING) and not _is_heading(line, is_document):
            paragraphs.append(line)
            continue
        if paragraphs and heading.lower() not in skipped:
            sections.append(Section(heading, tuple(paragraphs)))
        heading, paragraphs = plain.rstrip("."), []
    if paragraphs and heading.lower() not in skipped:
        sections.append(Section(heading, tuple(paragraphs)))
    return sections


def _lines(text: str, language: str) -> Iterator[str]:
    if "formula_" in text:
        text = _PLACEHOLDER.sub(FORMULA, text)
    if "<" in text or "[" in text:
        text = _LEFTOVER.sub("", text)
    if "]" in text:
        text = _CLOSING_BRACKET.sub("", text)
    for line in repair(text, language).split("\n"):
        if stripped := line.strip():
            yield stripped


def _is_heading(line: str, is_document: bool) -> bool:
    """Return whether a line is short and doesn't end a sentence.

    Some extractors add a full stop to headings, so a very short line may end with a full stop,
    except in a document.
    """
    if len(line) > _MAX_HEADING_CHARACTERS:
        return False
    if not _SENTENCE_END.search(line):
        return True
    return not is_document and line.endswith(".") and len(line.split()) <= _MAX_DOTTED_HEADING_WORDS

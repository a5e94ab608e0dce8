"""Join the lines of a section into paragraphs, leaving out lists and tables.

Spaces in a block quotation are replaced with `TIE`, where articles are never split, so that the
quotation stays with the sentence that introduces it.
"""

import re
from collections.abc import Iterator

from pipelines.text.sentences import STOPS, WIDE_STOPS
from pipelines.wikipedia.wikitext.markers import QUOTATION, QUOTATION_END, TIE

_LIST_SIGNS = frozenset("*#:;|!")
_SENTENCE_END = re.compile(rf"[{STOPS}{WIDE_STOPS}][\"”’»」』)\]]*\Z|{QUOTATION_END}\Z")
_BLOCK = re.compile(
    rf"(?P<before>[^ ]?) ?{QUOTATION}(?P<text>[^{QUOTATION_END}]*){QUOTATION_END}"
    r"(?P<after> [^\W\d_]|,)?"
)


def join_paragraphs(lines: list[str]) -> Iterator[str]:
    """Join consecutive lines of a section into paragraphs, and leave out lists and tables."""
    paragraph: list[str] = []
    is_after_empty_line = False
    for line in _prose_lines(lines):
        if not line:
            is_after_empty_line = True
        if line is None or (line and paragraph and _is_apart(paragraph, line, is_after_empty_line)):
            if paragraph:
                yield _join(paragraph)
            paragraph = []
        if line:
            paragraph.append(line)
            is_after_empty_line = False
    if paragraph:
        yield _join(paragraph)


def _prose_lines(lines: list[str]) -> Iterator[str | None]:
    """Yield lines of prose, "" for an empty line and None for a line in a list or table."""
    depth = 0  # the number of open tables
    for line in lines:
        stripped = line.strip()
        opens, closes = stripped.lstrip(":* ").startswith("{|"), stripped.startswith("|}")
        depth = max(0, depth + opens - closes)
        is_other = depth or closes or (stripped and not _is_prose(stripped))
        yield None if is_other else stripped


def _is_apart(paragraph: list[str], line: str, is_after_empty_line: bool) -> bool:
    """Return whether a line starts a new paragraph."""
    if line.startswith(QUOTATION):
        return _SENTENCE_END.search(paragraph[-1]) is not None
    if paragraph[-1].endswith(QUOTATION_END):
        return not line[0].islower()
    return is_after_empty_line


def _join(lines: list[str]) -> str:
    text = lines[0] if len(lines) == 1 else " ".join(lines).replace(" ,", ",")
    return _BLOCK.sub(_tie, text) if QUOTATION in text else text


def _tie(match: re.Match[str]) -> str:
    """Replace the spaces in and next to a quotation with `TIE`, so that it isn't split off.

    A quotation is tied to an introduction that isn't a complete sentence, and to a sentence that
    continues after it.
    """
    before, text, after = match["before"], match["text"], match["after"] or ""
    space = "" if not before else " " if _SENTENCE_END.search(before) else TIE
    is_continued = after == "," or after[1:].islower()
    dash = "—" if is_continued and "” — " in text else ""
    end = "" if after and text.endswith((".”", "!”", "?”", '."')) else QUOTATION_END
    tail = f"{TIE}{dash}{after.replace(' ', TIE)}" if dash else after
    return f"{before}{space}{text.replace(' ', TIE)}{end}{tail}"


def _is_prose(line: str) -> bool:
    return line[0] not in _LIST_SIGNS and line.strip("-. ") != ""

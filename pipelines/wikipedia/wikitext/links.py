"""Render wiki links as text."""

import re

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.wikitext.markers import hole

_LEXICON = load_lexicon(__name__)
_HIDDEN = _LEXICON.files | _LEXICON.categories
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[a-z]{2,8})*|simple)\Z")
_QUALIFIER = re.compile(r"\s*\([^)]*\)\Z")
_EXTERNAL_LINK = re.compile(
    r"\[((?:https?:|ftp:|news:|irc:)?//|mailto:)[^\s\[\]]*+[^\S\n]*+([^\[\]\n]*+)\]", re.I
)
_NOTE_MARK = re.compile(r"\S\Z|[.!?…:;,)\]”\"]\s+\Z")


def render_link(inner: str, hidden: frozenset[str] = frozenset()) -> str:
    """Return the text that a link shows, given the content of `[[…]]`.

    Links to files, categories and other language versions of the page show no text. `hidden` are
    the wiki's own names of the first two, in lower case. The pipe trick (`[[Mercury (planet)|]]`)
    shows the title without its qualifier.
    """
    target, pipe, label = inner.partition("|")
    if "\n" in target:
        return inner
    prefix, colon, rest = target.partition(":")
    if colon and prefix and _is_hidden(prefix.strip(), hidden):
        return ""
    if pipe and colon and "|" in label:
        return hole("link")  # Only files have several parameters.
    if pipe:
        return label.strip("\n") or _QUALIFIER.sub("", rest if colon else target)
    return target.lstrip(":")


def _is_hidden(prefix: str, hidden: frozenset[str]) -> bool:
    name = prefix.lower()
    is_language = _LANGUAGE.match(prefix) is not None and prefix not in _LEXICON.interwiki
    return is_language or name in _HIDDEN or name in hidden


def render_external_links(text: str) -> str:
    """Replace each `[URL label]` with its label.

    Without a label, the page shows a number. It's a note mark if it follows a word or a sentence,
    and otherwise a part of the sentence.
    """
    return _EXTERNAL_LINK.sub(_render_external, text)


def _render_external(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 8) : match.start()]
    return match[2] or ("" if _NOTE_MARK.search(before) else hole("numbered link"))

"""Render wiki links as text."""

import re

from pipelines.text.words import load_lexicon

_LEXICON = load_lexicon(__name__)
_HIDDEN = _LEXICON.files | _LEXICON.categories
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[a-z]{2,8})*|simple)\Z")
_QUALIFIER = re.compile(r"\s*\([^)]*\)\Z")


def render_link(inner: str) -> str:
    """Return the text that a link shows, given the content of `[[…]]`.

    Links to files, categories and other language versions of the page show no text. The pipe trick
    (`[[Mercury (planet)|]]`) shows the title without its qualifier.
    """
    target, pipe, label = inner.partition("|")
    if "\n" in target:
        return inner
    prefix, colon, rest = target.partition(":")
    if colon and prefix and _is_hidden(prefix):
        return ""
    if pipe:
        return label.strip("\n") or _QUALIFIER.sub("", rest if colon else target)
    return target.lstrip(":")


def _is_hidden(prefix: str) -> bool:
    name = prefix.strip()
    return name.lower() in _HIDDEN or _LANGUAGE.match(name) is not None

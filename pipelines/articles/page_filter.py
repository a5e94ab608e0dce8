"""Reject redirects, lists, stubs and other pages without enough prose."""

import re

from pipelines.articles.source_page import OTHER_FILE, SCAN, Reason, SourcePage
from pipelines.wikipedia.templates.wiki import Wiki, load_wiki, template_name

_REDIRECT = re.compile(r"\s*#\s*\w+\s*:?\s*\[\[([^\]|#]+)")
_TEMPLATE = re.compile(r"\{\{([^{}|\n]{1,60})(?:\||\}\})")
_MAY_REFER = re.compile(
    r"\b(?:may|can|could) (?:also )?(?:refer|mean|stand for)\b.{0,30}:\s*$", re.M
)
_STUB = re.compile(r"\{\{[^{}|]*[- ]?\bstub(?:\||\}\})", re.I)
_PROSE_LINE = re.compile(r"^[^\W_]|^['\"“„«‘(]|^\[\[(?!\w+:)")
_EDGE = 4000
_MIN_PROSE_CHARACTERS = 300
_MAX_CHARACTERS = 4_000_000  # MediaWiki saves at most two million bytes


def rejection_reason(page: SourcePage) -> Reason | None:
    """Return why a page is rejected, or None if it is an article with enough prose.

    To be fast, the filter checks only the form of a page, so a page that passes may still have no
    usable passages.
    """
    if page.namespace != 0:
        return Reason("other namespace", str(page.namespace))
    redirect = _REDIRECT.match(page.text)
    target = page.redirect or (redirect and redirect.group(1).strip())
    if target is not None:
        return Reason("redirect", target)
    if reason := _unreadable(page):
        return reason
    if page.is_document:
        return None
    wiki = load_wiki(page.site.language)
    title = page.title.lower()
    if title.startswith(wiki.list_titles) or title.endswith(wiki.list_ends):
        return Reason("list", "by its title")
    if _is_disambiguation(page, wiki):
        return Reason("disambiguation")
    return _lacks_prose(page)


def _unreadable(page: SourcePage) -> Reason | None:
    if page.model == SCAN:
        return Reason("scanned page", "a picture without text; recognise its text (OCR) first")
    if page.model == OTHER_FILE:
        return Reason("unsupported file type", page.text)
    if len(page.text) > _MAX_CHARACTERS:
        return Reason(
            "too large", f"{len(page.text)} characters, expected at most {_MAX_CHARACTERS}"
        )
    if page.model != "wikitext":
        return Reason("not wikitext", page.model)
    return None if page.text.strip() else Reason("empty")


def _is_disambiguation(page: SourcePage, wiki: Wiki) -> bool:
    if page.title.endswith("(disambiguation)") or _MAY_REFER.search(page.text[:400]):
        return True
    text = page.text  # the mark is at the start or the end
    edges = text if len(text) <= 2 * _EDGE else f"{text[:_EDGE]}\n{text[-_EDGE:]}"
    names = {template_name(name) for name in set(_TEMPLATE.findall(edges))}
    return not names.isdisjoint(wiki.disambiguation)


def _lacks_prose(page: SourcePage) -> Reason | None:
    if page.is_wikitext and _STUB.search(page.text):
        return Reason("stub", "marked as one")
    prose = listed = 0
    for line in page.text.split("\n"):
        if line[:1] in {"*", "#", "|"}:
            listed += len(line)
        elif not page.is_wikitext or _PROSE_LINE.match(line):
            prose += len(line)
            if prose >= _MIN_PROSE_CHARACTERS:
                return None
    return Reason(
        "list" if listed > _MIN_PROSE_CHARACTERS else "stub",
        f"{prose} characters of prose, expected {_MIN_PROSE_CHARACTERS} or more",
    )

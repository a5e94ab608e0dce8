"""Which pages are not articles worth rewriting, and why."""

import re
from collections.abc import Iterable, Iterator

from db.records import Rejection
from pipelines.articles.page import Page, Site, SourceArticle

_REDIRECT = re.compile(r"\s*#\s*\w+\s*:?\s*\[\[([^\]|#]+)")
_DISAMBIGUATION = re.compile(
    r"\{\{\s*(?:disambig|disambiguation|dab|hndis|geodis|surname|given name|set index|sia|numberdis"
    r"|school disambiguation|airport disambiguation|place name disambiguation|letter disambig"
    r"|begriffsklärung|homonymie|desambiguación|desambiguação|disambigua|неоднозначность|пояснение"
    r"|dp|disamb|ujednoznacznienie|消歧义|消歧義|aimai|曖昧さ回避)\b[^{}]*\}\}",
    re.I,
)
_MAY_REFER = re.compile(
    r"\b(?:may|can|could) (?:also )?(?:refer|mean|stand for)\b.{0,30}:\s*$", re.M
)
_LIST_TITLE = re.compile(
    r"(?:lists? of|index of|outline of|timeline of|liste? (?:der|des|von|de)|lista (?:de|di)"
    r"|glossary of|comparison of|table of|bibliography of|discography of|filmography of)\b",
    re.I,
)
_STUB = re.compile(r"\{\{[^{}|]*[- ]?\bstub(?:\||\}\})", re.I)
_PROSE_LINE = re.compile(r"^[^\W_]|^['\"“„«‘(]|^\[\[(?!\w+:)")
_SHORTEST_PROSE = 300
_MOSTLY = 0.7


def judged(pages: Iterable[tuple[Site, Page]], markup: bool) -> Iterator[SourceArticle | Rejection]:
    """Pages as articles, or as refusals where they are none."""
    for site, page in pages:
        reason = why_not(page, markup)
        if reason is None:
            yield SourceArticle(page.article(site), page.text, markup)
        else:
            yield site.refusal(page.title or page.id, *reason)


def why_not(page: Page, markup: bool = True) -> tuple[str, str] | None:
    """The reason (and a detail) a page is not taken in; None where it is an article of prose.

    It looks at form alone, cheaply: what is an article here can still yield no passage.
    """
    if page.namespace != 0:
        return "other namespace", str(page.namespace)
    target = page.redirect or _redirect_target(page.text)
    if target is not None:
        return "redirect", target
    if page.model != "wikitext":
        return "not wikitext", page.model
    if not page.text.strip():
        return "empty", ""
    if _LIST_TITLE.match(page.title):
        return "list", "by its title"
    if _is_disambiguation(page):
        return "disambiguation", ""
    return _by_its_prose(page.text, markup)


def _redirect_target(text: str) -> str | None:
    match = _REDIRECT.match(text)
    return match.group(1).strip() if match else None


def _is_disambiguation(page: Page) -> bool:
    if page.title.endswith("(disambiguation)") or _MAY_REFER.search(page.text[:400]):
        return True
    return _DISAMBIGUATION.search(page.text) is not None


def _by_its_prose(text: str, markup: bool) -> tuple[str, str] | None:
    if markup and _STUB.search(text):
        return "stub", "marked as one"
    prose = listed = 0
    for line in text.split("\n"):
        if line[:1] in {"*", "#", "|"}:
            listed += len(line)
        elif not markup or _PROSE_LINE.match(line):
            prose += len(line)
            if prose >= _SHORTEST_PROSE:
                return None
    reason = "list" if listed > _SHORTEST_PROSE else "stub"
    return reason, f"{prose} characters of prose, expected {_SHORTEST_PROSE} or more"

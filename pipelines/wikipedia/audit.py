"""Count how the templates of a source are treated, to see what the table of a wiki lacks."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.articles.page_filter import rejection_reason
from pipelines.articles.source_page import SourcePage
from pipelines.errors import SourceError
from pipelines.wikipedia.templates.rendering import Treatment, treat_template
from pipelines.wikipedia.templates.wiki import load_wiki
from pipelines.wikipedia.wikitext.markers import HOLE, HOLE_END
from pipelines.wikipedia.wikitext.sections import render_page

_IN_PROSE = re.compile(f"{HOLE}([^{HOLE_END}]*){HOLE_END}")
_MARKERS = re.compile(r"[\ue000-\ue009]")
_MAX_EXAMPLE = 120


@dataclass
class Hole:
    """A template that leaves holes: its calls, those left in prose, and one call as an example."""

    name: str
    calls: int = 0
    in_prose: int = 0
    example: str = ""


@dataclass
class TemplateAudit:
    """Template calls by treatment, and the templates that leave holes by name.

    A hole in a table, a list or a box is harmless; one `in_prose` rejects a passage.
    """

    pages: int = 0
    calls: Counter[Treatment] = field(default_factory=Counter)
    holes: dict[str, Hole] = field(default_factory=dict)

    @property
    def in_prose(self) -> int:
        """The number of holes in prose."""
        return sum(hole.in_prose for hole in self.holes.values())

    def most_frequent(self, count: int) -> list[Hole]:
        """The templates that leave the most holes in prose, then those with the most calls."""
        ranked = sorted(self.holes.values(), key=lambda h: (-h.in_prose, -h.calls, h.name))
        return ranked[:count]

    def add(self, page: SourcePage) -> None:
        """Count the templates of a page."""
        wiki = load_wiki(page.site.language)

        def render(inner: str) -> str:
            treatment, text = treat_template(inner, wiki, page.title)
            self.calls[treatment] += 1
            if treatment is Treatment.HOLE:
                self._count_hole(inner, text)
            return text

        self.pages += 1
        for section in render_page(page.text, wiki, render, page.site.hidden):
            for paragraph in section.paragraphs:
                for match in _IN_PROSE.finditer(paragraph):
                    hole = self._hole(match[1])
                    hole.in_prose += 1
                    hole.example = hole.example or _excerpt(paragraph, match)

    def _count_hole(self, inner: str, text: str) -> None:
        match = _IN_PROSE.search(text)
        if match is None:
            return
        hole = self._hole(match[1])
        hole.calls += 1
        if not hole.example:
            call = " ".join(_MARKERS.sub("", inner).split())
            hole.example = f"{{{{{call[:_MAX_EXAMPLE]}{'…' if len(call) > _MAX_EXAMPLE else ''}}}}}"

    def _hole(self, name: str) -> Hole:
        return self.holes.setdefault(name, Hole(name))


def _excerpt(paragraph: str, match: re.Match[str]) -> str:
    """The text around a hole that isn't a template's, such as a tag's."""
    start, end = max(0, match.start() - _MAX_EXAMPLE // 2), match.end() + _MAX_EXAMPLE // 2
    return f"…{_MARKERS.sub('', paragraph[start:end])}…"


def audit_templates(pages: Iterable[SourcePage], limit: int = 0) -> TemplateAudit:
    """Count the templates in the articles among some pages, at most `limit` articles (0 for all).

    Raises `SourceError` if there are no articles, or the pages aren't wikitext.
    """
    audit = TemplateAudit()
    for page in pages:
        if not page.is_wikitext:
            raise SourceError(
                f"{page.site.source} is plain text, which has no templates. Audit a dump or a "
                "`wiki:` page instead."
            )
        if rejection_reason(page) is None:
            audit.add(page)
            if audit.pages == limit:
                break
    if not audit.pages:
        raise SourceError("The source has no articles to audit, only pages that are rejected.")
    return audit

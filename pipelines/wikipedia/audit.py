"""Count how a source's templates are rendered, to find out which rules a wiki still lacks."""

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
    """A template that can't be rendered and therefore leaves holes (gaps) in articles.

    `calls` is the number of calls of the template, `in_prose` is the number of holes in prose, and
    `example` is one of the calls.
    """

    name: str
    calls: int = 0
    in_prose: int = 0
    example: str = ""


@dataclass
class TemplateAudit:
    """Template calls counted by treatment, and the templates that can't be rendered, by name.

    A passage is rejected if a template leaves a hole in its prose, while holes in tables, lists and
    boxes are harmless.
    """

    pages: int = 0
    calls: Counter[Treatment] = field(default_factory=Counter)
    holes: dict[str, Hole] = field(default_factory=dict)

    @property
    def in_prose(self) -> int:
        """The number of holes that templates leave in prose."""
        return sum(hole.in_prose for hole in self.holes.values())

    def most_frequent(self, count: int) -> list[Hole]:
        """Return `count` templates, sorted by their holes in prose and then by their calls."""
        ranked = sorted(self.holes.values(), key=lambda h: (-h.in_prose, -h.calls, h.name))
        return ranked[:count]

    def add(self, page: SourcePage) -> None:
        """Count the templates on a page."""
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
    """Count the templates in up to `limit` articles (0 for all), skipping other pages.

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

"""Pages as a source delivers them, with the site they come from."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from db.records import Article, Rejection, digest

_WIKIMEDIA_HOST = re.compile(
    r"(?:.+\.)?(?:wikipedia|wiktionary|wikibooks|wikinews|wikiquote|wikisource|wikiversity"
    r"|wikivoyage|wikimedia)\.org\Z"
)
_RELICENSED = "2023-06-07"


def url_host(url: str) -> str:
    """The host of a URL; empty if the URL has none or is malformed."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Site:
    """The website that pages of a source come from.

    `source` is the name stored with each article. Page titles are appended to `root`. `licence`
    overrides the known licence of a Wikimedia site.
    """

    source: str
    root: str = ""
    language: str = "en"
    licence: str = ""

    def page_url(self, title: str) -> str:
        """The URL of a page, or `wiki:TITLE` if the site's root is unknown."""
        path = quote(title.replace(" ", "_"), safe=";@$!*(),/~:'")
        return f"{self.root or 'wiki:'}{path}"

    def licence_at(self, timestamp: str) -> str:
        """The licence of a revision. Wikimedia changed its licence on 7 June 2023."""
        if self.licence:
            return self.licence
        if not _WIKIMEDIA_HOST.match(url_host(self.root)):
            return ""
        if not timestamp:
            return "CC BY-SA"
        return "CC BY-SA 3.0 and GFDL" if timestamp < _RELICENSED else "CC BY-SA 4.0"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a page or a stretch of its text is rejected: a stored code and a detail."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page of a source, before the filter decides whether it is an article.

    `text` is wikitext or, with `is_wikitext` false, plain text; `model` is MediaWiki's content
    model; `url` overrides the URL that follows from the site and the title.
    """

    site: Site
    title: str
    id: str
    text: str
    is_wikitext: bool = True
    revision: str = ""
    timestamp: str = ""
    namespace: int = 0
    redirect: str | None = None
    model: str = "wikitext"
    url: str = ""

    def to_article(self) -> Article:
        """The article record of this page."""
        return Article(
            url=self.url or self.site.page_url(self.title),
            revision=self.revision,
            digest=digest(self.text),
            title=self.title,
            source=self.site.source,
            licence=self.site.licence_at(self.timestamp),
            language=self.site.language,
            page=self.id,
        )

    def reject(self, reason: Reason) -> Rejection:
        """The rejection record of this page."""
        return Rejection(
            scope=self.site.source,
            stage="articles",
            subject=self.title or self.id,
            reason=reason.code,
            detail=reason.detail,
        )

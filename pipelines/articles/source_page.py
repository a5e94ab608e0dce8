"""Pages of a source that haven't been filtered yet, and the site that they come from."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from db.records import Article, Rejection, digest

_WIKIMEDIA_HOST = re.compile(
    r"(?:.+\.)?(?:wikipedia|wiktionary|wikibooks|wikinews|wikiquote|wikisource|wikiversity"
    r"|wikivoyage|wikimedia)\.org\Z"
)
SCAN = "scan"
"""The content model of a scanned page, which has no text."""
OTHER_FILE = "other file"
"""The content model of a file in a folder of documents that isn't a document."""
DOCUMENT_ROOT = "documents:"
_RELICENSED = "2023-06-07"


def url_host(url: str) -> str:
    """Return the host of a URL, or an empty string if the URL is malformed or has no host."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class SourceTerms:
    """The licence and language (ISO 639-1) of texts whose source states neither.

    `skip` lists files in a folder of documents that are used otherwise, such as chats.
    """

    licence: str = ""
    language: str = "en"
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """The website that the pages of a source come from.

    `source` is the name that is stored with each article. Page URLs are `root` followed by the page
    title. `licence` overrides the licence that is known for a Wikimedia site. Links to the
    namespaces in `hidden` (files and categories, in lower case) show nothing.
    """

    source: str
    root: str = ""
    language: str = "en"
    licence: str = ""
    hidden: frozenset[str] = frozenset()

    def page_url(self, title: str) -> str:
        """Return the URL of a page, or `wiki:TITLE` if the root URL of the site is unknown."""
        path = quote(title.replace(" ", "_"), safe=";@$!*(),/~:'")
        return f"{self.root or 'wiki:'}{path}"

    def licence_at(self, timestamp: str) -> str:
        """Return the licence of a page revision.

        Wikimedia changed the licence of its sites on 7 June 2023, so the result depends on the date
        of the revision.
        """
        if self.licence:
            return self.licence
        if not _WIKIMEDIA_HOST.match(url_host(self.root)):
            return ""
        if not timestamp:
            return "CC BY-SA"
        return "CC BY-SA 3.0 and GFDL" if timestamp < _RELICENSED else "CC BY-SA 4.0"


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason for rejecting a page or a stretch of its text, with a code and a detail."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page of a source, before the filter decides whether it is an article.

    `text` is wikitext, or plain text if `is_wikitext` is false. `model` is MediaWiki's content
    model, such as `wikitext`. `url` overrides the URL derived from the site and the title.
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

    @property
    def is_document(self) -> bool:
        """Whether the page is somebody's own document, which is complete and chosen on purpose."""
        return self.url.startswith(DOCUMENT_ROOT)

    def to_article(self) -> Article:
        """Create the article record for this page."""
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
        """Create the rejection record for this page."""
        return Rejection(
            scope=self.site.source,
            stage="articles",
            subject=self.title or self.id,
            reason=reason.code,
            detail=reason.detail,
        )

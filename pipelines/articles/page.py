"""The wiki that pages come from: their addresses, language and licence."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from db.records import Article, Rejection, digest

_WIKIMEDIA = re.compile(
    r"(?:.+\.)?(?:wikipedia|wiktionary|wikibooks|wikinews|wikiquote|wikisource|wikiversity"
    r"|wikivoyage|wikimedia)\.org\Z"
)
_DATABASE = re.compile(r"([a-z]{2,3}(?:_[a-z_]+)?|simple)wiki(?![a-z])")
_RELICENSED = "2023-06-07"


def host_of(address: str) -> str:
    """The host of an address, empty where it names none or is no address."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class SourceArticle:
    """An article as its source has it: wikitext where `markup` is true, plain text otherwise."""

    article: Article
    text: str
    markup: bool


@dataclass(frozen=True, slots=True)
class Site:
    """A wiki as one source shows it.

    `source` is the name the source is known by (a file's name, never its folder); `root` is the
    address that page titles are appended to; `licence` overrides what is known of the wiki's own.
    """

    source: str
    root: str = ""
    language: str = "en"
    licence: str = ""

    def address(self, title: str) -> str:
        """The address of a page; `wiki:` and its title where the wiki's address is not known."""
        path = quote(title.replace(" ", "_"), safe=";@$!*(),/~:'")
        return f"{self.root or 'wiki:'}{path}"

    def licence_of(self, timestamp: str) -> str:
        """The licence of a revision; Wikimedia's wikis changed theirs on 7 June 2023."""
        if self.licence:
            return self.licence
        if not _WIKIMEDIA.match(host_of(self.root)):
            return ""
        if not timestamp:
            return "CC BY-SA"
        return "CC BY-SA 3.0 and GFDL" if timestamp < _RELICENSED else "CC BY-SA 4.0"

    def refusal(self, title: str, reason: str, detail: str = "") -> Rejection:
        """A page of this source that is not taken in."""
        return Rejection(
            scope=self.source, stage="articles", subject=title, reason=reason, detail=detail
        )


def site_of(source: str, base: str, database: str, language: str, licence: str = "") -> Site:
    """A site from what a dump says of its wiki; what it leaves out is taken from its file's name.

    `base` is the address of the main page and `database` the wiki's (`enwiki`); either may be
    empty.
    """
    name = _DATABASE.match(database) or _DATABASE.match(source)
    if base:
        root = base.rsplit("/", 1)[0] + "/"
    elif name:
        root = f"https://{name.group(1).replace('_', '-')}.wikipedia.org/wiki/"
    else:
        root = ""
    host = host_of(root).split(".")
    if len(host) > 2 and re.fullmatch(r"[a-z]{2,3}(?:-[a-z-]+)?", host[0]) and host[0] != "www":
        language = host[0]
    elif name:
        language = name.group(1).replace("_", "-")
    return Site(source, root, language or "en", licence)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a source gives it, before it is known whether it is an article worth taking."""

    title: str
    id: str
    text: str
    revision: str = ""
    timestamp: str = ""
    namespace: int = 0
    redirect: str | None = None
    model: str = "wikitext"
    url: str = ""

    def article(self, site: Site) -> Article:
        """The record of this page."""
        return Article(
            url=self.url or site.address(self.title),
            revision=self.revision,
            digest=digest(self.text),
            title=self.title,
            source=site.source,
            licence=site.licence_of(self.timestamp),
            language=site.language,
            page=self.id,
        )

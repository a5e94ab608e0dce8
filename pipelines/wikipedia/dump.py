"""Pages of a MediaWiki export (pages-articles XML, plain or .bz2), one at a time.

Reads the schemas 0.3 to 0.11. Memory stays the same whatever the size of the dump: a page is
forgotten once the next one begins.
"""

import bz2
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, XMLPullParser
from xml.etree.ElementTree import ParseError as ParseError

from pipelines.articles.page import Page, Site, site_of
from pipelines.errors import SourceError

_BLOCK_BYTES = 256 * 1024
_START = (1, 0)  # line and column


def pages(path: Path, source: str, licence: str = "") -> Iterator[tuple[Site, Page]]:
    """The pages of an export, each with the wiki it belongs to; `source` is the name it goes by.

    Raises `SourceError` if the file is cut off, is not XML or is not a MediaWiki export.
    """
    read = 0
    try:
        with _opened(path, source) as stream:
            for site, page in parse(_ahead(stream), source, licence):
                read += 1
                yield site, page
    except ParseError as error:
        raise SourceError(_not_xml(source, read, error)) from error
    except LookupError as error:
        raise SourceError(
            f"found XML in an encoding that is not known in {source} ({error}), expected UTF-8; "
            "fetch it again"
        ) from error
    except EOFError as error:
        raise SourceError(
            f"found a compressed file that breaks off after {read} pages in {source}, expected "
            "a whole one; fetch it again"
        ) from error
    except OSError as error:
        raise SourceError(f"found {source} unreadable ({error}); fetch it again") from error


def parse(content: Iterable[bytes], source: str, licence: str = "") -> Iterator[tuple[Site, Page]]:
    """The pages of an export that comes in blocks; `source` is the name it goes by."""
    events = _events(content)
    _, root = next(events)
    prefix, _, name = root.tag.rpartition("}")
    if name != "mediawiki":
        raise SourceError(
            f"found a <{name}> document in {source}, expected a MediaWiki export (<mediawiki>)"
        )
    reader = _Reader(source, f"{prefix}}}" if prefix else "", licence, _language(root))
    for event, element in events:
        if event == "end" and element.tag == reader.of("siteinfo"):
            reader.see(element)
        elif event == "end" and element.tag == reader.of("page"):
            yield reader.site, reader.page(element)
            root.clear()


def _opened(path: Path, source: str) -> BufferedIOBase:
    with path.open("rb") as stream:
        start = stream.read(3)
    if not start:
        raise SourceError(f"found an empty file, {source}, expected a MediaWiki export")
    return bz2.open(path) if start == b"BZh" else path.open("rb")


def _ahead(stream: BufferedIOBase) -> Iterator[bytes]:
    """Blocks of a stream, each read (and decompressed) while the one before is worked on."""
    with ThreadPoolExecutor(1) as thread:
        block = thread.submit(stream.read1, _BLOCK_BYTES)
        while found := block.result():
            block = thread.submit(stream.read1, _BLOCK_BYTES)
            yield found


def _events(content: Iterable[bytes]) -> Iterator[tuple[str, Element]]:
    # Expat refuses entities that expand without bound, and reads no external ones.
    parser: Any = XMLPullParser(events=("start", "end"))
    for block in content:
        parser.feed(block)
        yield from parser.read_events()
    parser.close()
    yield from parser.read_events()


def _language(root: Element) -> str:
    return root.get("{http://www.w3.org/XML/1998/namespace}lang", "")


def _not_xml(source: str, read: int, error: ParseError) -> str:
    if error.position == _START:
        return (
            f"found no XML in {source}, expected a MediaWiki export; look whether it is the "
            "source you meant"
        )
    line = error.position[0]
    return (
        f"found XML that cannot be read at line {line} of {source}, after {read} pages "
        f"({error.msg.split(':')[0]}), expected a whole MediaWiki export; fetch it again"
    )


@dataclass
class _Reader:
    """Turns elements into pages; knows the wiki once its `siteinfo` was seen."""

    source: str
    prefix: str
    licence: str
    language: str
    site: Site = field(init=False)
    namespaces: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site = site_of(self.source, "", "", self.language, self.licence)

    def of(self, name: str) -> str:
        """A tag's name with the export's XML namespace."""
        return f"{self.prefix}{name}"

    def see(self, siteinfo: Element) -> None:
        """Learn the wiki's address, language and namespaces."""
        base = siteinfo.findtext(self.of("base"), "")
        database = siteinfo.findtext(self.of("dbname"), "")
        self.site = site_of(self.source, base, database, self.language, self.licence)
        for namespace in siteinfo.iter(self.of("namespace")):
            if namespace.text:
                self.namespaces[namespace.text] = _number(namespace.get("key", "")) or 0

    def page(self, element: Element) -> Page:
        """The page of an element, at its last revision."""
        revisions = element.findall(self.of("revision"))
        revision = revisions[-1] if revisions else Element("revision")
        redirect = element.find(self.of("redirect"))
        title = element.findtext(self.of("title"), "")
        return Page(
            title=title,
            id=element.findtext(self.of("id"), ""),
            text=revision.findtext(self.of("text")) or "",
            revision=revision.findtext(self.of("id"), ""),
            timestamp=revision.findtext(self.of("timestamp"), ""),
            namespace=self._namespace(element, title),
            redirect=None if redirect is None else redirect.get("title", ""),
            model=revision.findtext(self.of("model")) or "wikitext",
        )

    def _namespace(self, element: Element, title: str) -> int:
        stated = _number(element.findtext(self.of("ns"), ""))
        if stated is not None:
            return stated
        prefix, colon, _ = title.partition(":")
        return self.namespaces.get(prefix, 0) if colon else 0


def _number(said: str) -> int | None:
    try:
        return int(said)
    except ValueError:
        return None

"""Read dumps that consist of many bz2 streams (`…-multistream.xml.bz2`) in parallel.

A multistream dump contains a stream with the header of the export, streams of complete pages and a
stream that closes the export. Streams are located by their first bytes, so the index that Wikimedia
publishes with each dump isn't needed.
"""

import bz2
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from pipelines.articles.source_page import SourcePage
from pipelines.errors import SourceError
from pipelines.wikipedia import dump

# The start of a bz2 stream: `BZh`, the block size and the magic number of the first block.
_MAGIC = tuple(b"BZh" + bytes([digit]) + b"1AY&SY" for digit in b"123456789")
_PAGE = b"<page>"
_CLOSING = b"</mediawiki>"
_BLOCK_BYTES = 1 << 20
_MAX_STREAM_BYTES = 200_000_000
_OPENING_BYTES = 1 << 20  # Larger than a compressed block or the header of an export.


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a dump, at bytes [start, end).

    Reading a stream also requires the header of the dump.
    """

    path: Path
    source: str
    licence: str
    head: bytes
    start: int
    end: int

    def read_pages(self) -> Iterator[SourcePage]:
        """Yield the pages in this stream. Raises `SourceError` if the stream is damaged."""
        content = self._content()
        closing = b"" if content.rstrip().endswith(_CLOSING) else _CLOSING
        try:
            yield from dump.parse_export([self.head, content, closing], self.source, self.licence)
        except ParseError as error:
            raise SourceError(
                f"{self.source}: the XML in the stream at byte {self.start} can't be read. "
                "Download the file again."
            ) from error

    def closes_export(self) -> bool:
        """Return whether the export ends with this stream."""
        return self._content().rstrip().endswith(_CLOSING)

    def _content(self) -> bytes:
        return _decompress(_read_bytes(self.path, self.start, self.end), self.source, self.start)


def find_streams(path: Path, source: str, licence: str = "") -> Iterator[Stream]:
    """Yield the page streams of a multistream dump in order.

    A file that isn't a multistream dump yields no streams.

    Raises `SourceError` if the file is truncated between streams. Damage within a stream is only
    detected when the stream is read.
    """
    offsets = _stream_offsets(path)
    next(offsets, None)
    start = next(offsets, None)
    if start is None or start > _OPENING_BYTES or not _starts_with_page(path, start):
        return
    head = _decompress(_read_bytes(path, 0, start), source, 0)
    if _PAGE in head:  # A parallel compressor split the file regardless of page boundaries.
        return
    stream = None
    for end in offsets:
        stream = Stream(path, source, licence, head, start, end)
        yield stream
        start = end
    if stream is not None and not stream.closes_export():
        raise SourceError(
            f"{source} appears to be truncated: it doesn't end with </mediawiki>. Download it "
            "again."
        )


def _stream_offsets(path: Path) -> Iterator[int]:
    """Yield the offset of each stream and the end of the last one; yield nothing for other files.

    If the file grows while its streams are located, the added data is included.
    """
    with path.open("rb") as file:
        data, data_start = file.read(_BLOCK_BYTES), 0
        magic = next((magic for magic in _MAGIC if data.startswith(magic)), None)
        if magic is None:
            return
        while True:
            index = data.find(magic)
            while index >= 0:
                yield data_start + index
                index = data.find(magic, index + len(magic))
            block = file.read(_BLOCK_BYTES)
            if not block:
                break
            tail = data[1 - len(magic) :]  # A magic number can span two blocks of the file.
            data_start += len(data) - len(tail)
            data = tail + block
        yield data_start + len(data)


def _starts_with_page(path: Path, start: int) -> bool:
    try:
        compressed = _read_bytes(path, start, start + _OPENING_BYTES)
        content = bz2.BZ2Decompressor().decompress(compressed, 64)
    except OSError:
        return False
    return content.lstrip().startswith(_PAGE)


def _read_bytes(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _decompress(data: bytes, source: str, start: int) -> bytes:
    """Decompress consecutive streams one by one.

    The streams aren't passed to `bz2.decompress`, which would silently skip a broken one.
    """
    parts: list[bytes] = []
    try:
        while data.strip(b"\0"):  # Some tools pad files with zeros.
            stream = bz2.BZ2Decompressor()
            parts.append(stream.decompress(data, _MAX_STREAM_BYTES))
            if not stream.eof and not stream.needs_input:
                raise SourceError(
                    f"{source}: the compressed stream at byte {start} expands to more than "
                    f"{_MAX_STREAM_BYTES // 10**6} MB, so it isn't part of a Wikimedia dump."
                )
            if not stream.eof:
                raise EOFError
            data = stream.unused_data
    except (OSError, EOFError) as error:
        raise SourceError(
            f"{source}: the compressed stream at byte {start} is damaged or cut off. "
            "Download the file again."
        ) from error
    return b"".join(parts)

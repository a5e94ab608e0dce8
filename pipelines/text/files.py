"""Open text files in UTF-8 or UTF-16, with or without a BOM, plain or gzipped."""

import gzip
import io
import json
import zlib
from pathlib import Path

UNREADABLE = (OSError, EOFError, UnicodeError, zlib.error)
"""The exceptions that occur when a file is missing, damaged or isn't text."""
_GZIP = b"\x1f\x8b"


def open_text(path: Path, newline: str | None = None) -> io.TextIOWrapper:
    """Open a text file, and detect compression and encoding from its first bytes.

    `newline` has the same meaning as for `open`. The exceptions in `UNREADABLE` may be raised when
    the file is opened or later, when it is read.
    """
    file: io.BufferedReader | gzip.GzipFile = path.open("rb")
    try:
        if file.peek(2)[:2] == _GZIP:
            file.close()
            file = gzip.open(path)  # noqa: SIM115 (the caller closes it)
        # recognises UTF-8, UTF-16 and UTF-32 in texts with a BOM or an ASCII start, like all JSON
        encoding = json.detect_encoding(file.peek(4)[:4])
    except UNREADABLE:
        file.close()
        raise
    return io.TextIOWrapper(file, encoding, newline=newline)


def read_text(path: Path) -> str:
    """Read a whole text file, with Unix line ends.

    Raises one of the exceptions in `UNREADABLE`.
    """
    with open_text(path) as file:
        return file.read()

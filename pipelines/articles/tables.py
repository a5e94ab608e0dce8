"""Pages of a JSON Lines file with the fields of `wikimedia/wikipedia`: id, url, title, text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.articles.page import Page, Site
from pipelines.articles.plain_text import COLUMNS, plain_page
from pipelines.errors import SourceError


def pages(path: Path, source: str, licence: str = "") -> Iterator[tuple[Site, Page]]:
    """The lines of a file as pages of plain text, one line in memory at a time.

    Raises `SourceError` if a line is no JSON object or lacks a field; it names the line.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield plain_page(_row(line, number, source), source, licence)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"found bytes in {source} that are no UTF-8 text, expected JSON Lines; write it anew"
        ) from error
    except OSError as error:
        raise SourceError(
            f"found {source} unreadable ({error.strerror}); make it readable"
        ) from error


def _row(line: str, number: int, name: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceError(
            f"found no JSON on line {number} of {name}, expected an object"
        ) from error
    missing = [c for c in COLUMNS if not isinstance(row, dict) or c not in row]
    if missing:
        raise SourceError(
            f"found no {', '.join(missing)} on line {number} of {name}, expected an object with "
            f"{', '.join(COLUMNS)}"
        )
    return dict(row)

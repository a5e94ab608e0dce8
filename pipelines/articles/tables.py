"""Sources that read JSON Lines or parquet tables with the same columns as `wikimedia/wikipedia`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from pipelines.articles.source_page import Site, SourcePage, SourceTerms, url_host
from pipelines.errors import SourceError
from pipelines.text.files import UNREADABLE, open_text
from pipelines.text.storable import make_storable

_COLUMNS = ("id", "url", "title", "text")
_BATCH_ROWS = 256
_MAX_LINE = 50_000_000


def read_json_lines(
    path: Path, source: str, terms: SourceTerms | None = None
) -> Iterator[SourcePage]:
    """Yield each line of a JSON Lines file as a plain-text page.

    Raises `SourceError` if the file isn't text, or if a line isn't a JSON object or lacks a key.
    """
    try:
        with open_text(path) as stream:
            lines = iter(lambda: stream.readline(_MAX_LINE), "")
            for number, line in enumerate(lines, 1):
                if len(line) == _MAX_LINE:
                    raise SourceError(
                        f"{source}: line {number} has more than {_MAX_LINE // 10**6} million "
                        "characters, which is too long for an article. Remove or split the line."
                    )
                if line.strip():
                    yield _to_page(_parse_line(line, number, source), source, terms)
    except UnicodeError as error:
        raise SourceError(
            f"{source} is neither UTF-8 nor UTF-16 text. Save it as UTF-8."
        ) from error
    except EOFError as error:
        raise SourceError(f"{source} is cut off. Download it again.") from error
    except UNREADABLE as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SourceError(f"{source} can't be read ({reason}). Check the file.") from error


def _parse_line(line: str, number: int, source: str) -> dict[str, Any]:
    expected = f"Each line must be an object with the keys {', '.join(_COLUMNS)}."
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{source}: line {number} isn't valid JSON. {expected}") from error
    if not isinstance(row, dict):
        raise SourceError(f"{source}: line {number} isn't a JSON object. {expected}")
    if missing := [column for column in _COLUMNS if column not in row]:
        raise SourceError(f"{source}: line {number} lacks {', '.join(missing)}. {expected}")
    return row


def read_parquet(
    file: Path | Any, source: str, terms: SourceTerms | None = None
) -> Iterator[SourcePage]:
    """Yield each row of a parquet file (a path or an open file) as a plain-text page.

    Raises `SourceError` if the file isn't parquet, is truncated or lacks a column.
    """
    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            _check_columns(source, table.schema_arrow.names)
            for batch in table.iter_batches(_BATCH_ROWS, columns=list(_COLUMNS)):
                for row in batch.to_pylist():
                    yield _to_page(row, source, terms)
    except (pyarrow.ArrowException, OSError) as error:
        details = str(error).splitlines()[0].rstrip(".")
        raise SourceError(
            f"{source} can't be read as parquet ({details}). Download it again."
        ) from error


def _check_columns(source: str, names: list[str]) -> None:
    if missing := [column for column in _COLUMNS if column not in names]:
        raise SourceError(
            f"{source} has the columns {', '.join(names)} but lacks {', '.join(missing)}. Article "
            f"tables need {', '.join(_COLUMNS)}."
        )


def _to_page(row: Mapping[str, Any], source: str, terms: SourceTerms | None) -> SourcePage:
    """Convert a table row to a page.

    The row's URL determines the language and, for Wikimedia sites, the licence.
    """
    terms = terms or SourceTerms()
    url = str(row["url"])
    host = url_host(url)
    language = host.split(".")[0]
    if not host.endswith(".wikipedia.org") or language == "www":
        language = terms.language
    site = Site(source, f"https://{host}/" if host else "", language, terms.licence)
    title, name, text = (make_storable(str(row[key] or "")) for key in ("title", "id", "text"))
    return SourcePage(site, title, name, text, is_wikitext=False, url=make_storable(url))

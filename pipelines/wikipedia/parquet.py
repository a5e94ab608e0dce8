"""Pages of a parquet file with the columns of `wikimedia/wikipedia`: id, url, title, text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from pipelines.articles.page import Page, Site
from pipelines.articles.plain_text import COLUMNS, plain_page
from pipelines.errors import SourceError

_ROWS = 256


def pages(path: Path, source: str, licence: str = "") -> Iterator[tuple[Site, Page]]:
    """The rows of a parquet file as pages of plain text, a batch of rows in memory at a time.

    Raises `SourceError` if the file is no parquet, is cut off, or lacks a column.
    """
    yield from rows(path, source, licence)


def rows(opened: Path | Any, source: str, licence: str = "") -> Iterator[tuple[Site, Page]]:
    """The rows of a parquet file that is given by its path or open for reading; see `pages`."""
    try:
        with pyarrow.parquet.ParquetFile(opened) as file:
            _check_columns(source, file.schema_arrow.names)
            for batch in file.iter_batches(_ROWS, columns=list(COLUMNS)):
                for row in batch.to_pylist():
                    yield plain_page(row, source, licence)
    except (pyarrow.ArrowException, OSError) as error:
        found = str(error).splitlines()[0].rstrip(".")
        raise SourceError(
            f"found {source} unreadable as parquet ({found}), expected a whole parquet file; "
            "fetch it again"
        ) from error


def _check_columns(source: str, names: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise SourceError(
            f"found the columns {', '.join(names)} in {source}, expected "
            f"{', '.join(COLUMNS)}; {', '.join(missing)} is missing"
        )

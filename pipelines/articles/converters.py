"""Convert PDF, DOCX, HTML and EPUB documents to Markdown with the optional library MarkItDown."""

import importlib
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import SourceError

CONVERTED = (".pdf", ".docx", ".html", ".htm", ".epub")
_ARCHIVES = (".docx", ".epub")
_EXTRA = "pip install 'timbre[documents]'"


@dataclass(frozen=True)
class ConvertedDocument:
    """A converted document in Markdown, with the numbers of the pages that contain only a scan."""

    markdown: str
    scanned_pages: tuple[int, ...] = ()


def convert_document(path: Path, name: str) -> ConvertedDocument:
    """Convert a document to Markdown; error messages refer to the document as `name`.

    Raises `SourceError` if MarkItDown isn't installed or the document can't be read.
    """
    converter = _load("markitdown").MarkItDown()
    suffix = path.suffix.lower()
    try:
        if suffix in _ARCHIVES and not zipfile.is_zipfile(path):
            raise ValueError("it is damaged")  # MarkItDown would read its bytes as text
        markdown = str(converter.convert_local(path).markdown)
        scans = _scanned_pages(path) if suffix == ".pdf" else ()
    except SourceError:
        raise
    except Exception as error:
        # Each format has a library of its own with its own errors.
        reason = str(error).strip().split("\n")[0][:120] or type(error).__name__
        raise SourceError(
            f"{name} can't be read ({reason}). Save it again, or remove it from the folder."
        ) from error
    return ConvertedDocument(markdown, scans)


def _scanned_pages(path: Path) -> tuple[int, ...]:
    with _load("pdfplumber").open(path) as document:
        return tuple(
            number
            for number, page in enumerate(document.pages, 1)
            if page.images and not page.extract_text().strip()
        )


def _load(module: str) -> Any:
    """Import a module that is installed with the optional extra `documents`."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns about harmless fonts
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SourceError(
            f"Reading {', '.join(CONVERTED)} needs the extra “documents”. Install it with {_EXTRA}."
        ) from error

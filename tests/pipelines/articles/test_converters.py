"""PDF, DOCX, HTML and EPUB documents become articles with sections; scanned pages are reported."""

import sys
from pathlib import Path

import pytest

from db.records import Passage, Rejection
from pipelines.articles.converters import CONVERTED
from pipelines.articles.passages import split_passages
from pipelines.articles.source_page import SourcePage, SourceTerms
from pipelines.articles.sources import open_source
from pipelines.errors import SourceError
from tests.conftest import require
from tests.pipelines.articles.document_files import write_document, write_scan
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.articles.reading import read

SECTIONS = [("Port Amity", PROSE), ("Trade and ships", PROSE.replace("1834", "1835"))]
FORMATS = [".pdf", ".docx", ".html", ".epub"]


@pytest.fixture(autouse=True)
def _needs_the_extra() -> None:
    require("markitdown" in sys.modules or _is_installed(), "needs the extra “documents”")


def _is_installed() -> bool:
    try:
        import markitdown  # noqa: F401
        import pdfplumber  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("suffix", FORMATS)
def test_headings_become_sections(tmp_path: Path, suffix: str) -> None:
    path = write_document(tmp_path / f"port{suffix}", SECTIONS)
    (page,) = read(str(path), licence="our own")
    assert isinstance(page, SourcePage)
    article = page.to_article()
    assert (article.url, article.licence) == (f"documents:port{suffix}", "our own")
    passages = [p for p in split_passages(page, "a") if isinstance(p, Passage)]
    assert [(p.section, p.text) for p in passages][-1] == ("Trade and ships", SECTIONS[1][1])
    assert passages[0].text == PROSE


@pytest.mark.parametrize("suffix", FORMATS)
def test_documents_of_a_folder_have_its_language(tmp_path: Path, suffix: str) -> None:
    write_document(tmp_path / f"hafen{suffix}", SECTIONS)
    (page,) = open_source(str(tmp_path), SourceTerms("our own", "de"))
    assert page.to_article().language == "de"


def test_scanned_pages_are_reported_and_the_others_read(tmp_path: Path) -> None:
    path = write_scan(tmp_path / "port.pdf", SECTIONS)
    rejection, page = read(str(path), licence="our own")
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.subject) == ("scanned page", "port.pdf, page 2")
    assert "OCR" in rejection.detail
    assert isinstance(page, SourcePage)
    assert PROSE[:40] in page.text


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".epub"])
def test_a_damaged_document_is_named(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"bad{suffix}").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(SourceError, match=rf"bad\{suffix} can't be read"):
        list(read(str(tmp_path), licence="our own"))


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "markitdown", None)
    write_document(tmp_path / "port.html", SECTIONS)
    with pytest.raises(SourceError, match=r"needs the extra “documents”.*timbre\[documents\]"):
        list(read(str(tmp_path), licence="our own"))


def test_every_converted_format_is_tested() -> None:
    assert {*CONVERTED} - {".htm"} == {*FORMATS}

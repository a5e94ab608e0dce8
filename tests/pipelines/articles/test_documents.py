import os
from pathlib import Path

import pytest

from db.records import Passage
from pipelines.articles.documents import strip_markdown
from pipelines.articles.passages import split_passages
from pipelines.articles.source_page import SourcePage
from pipelines.errors import SourceError
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.articles.reading import read


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "ports").mkdir(parents=True)
    wrapped = PROSE.replace(". ", ".\n")
    (folder / "ports" / "amity.md").write_text(
        f"---\nowner: ports\n---\n# Port Amity\n\n{wrapped}\n\n## Trade\n\n* fish\n* salt\n\n"
        f"{PROSE.replace('Port Amity', '[**Port Amity**](amity.md)')}\n\n```\nrun()\n```\n"
    )
    (folder / "second_pier.txt").write_text(wrapped)
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "LICENCE").write_text("CC BY 4.0\n\nAll of it.\n")
    return folder


def read_pages(folder: Path) -> list[SourcePage]:
    return [page for page in read(str(folder)) if isinstance(page, SourcePage)]


def test_documents_of_a_folder_become_articles_with_its_licence(handbook: Path) -> None:
    articles = [page.to_article() for page in read_pages(handbook)]
    assert [(a.title, a.url, a.licence) for a in articles] == [
        ("Port Amity", "documents:handbook/ports/amity.md", "CC BY 4.0"),
        ("second pier", "documents:handbook/second_pier.txt", "CC BY 4.0"),
    ]


def test_markdown_headings_become_sections_of_passages(handbook: Path) -> None:
    records = split_passages(read_pages(handbook)[0], "article")
    assert [(p.section, p.text) for p in records if isinstance(p, Passage)] == [
        ("", PROSE),
        ("Trade", PROSE),
    ]


def test_a_licence_option_replaces_the_licence_file(handbook: Path) -> None:
    (handbook / "LICENCE").unlink()
    first = next(iter(read(str(handbook), licence="CC0-1.0")))
    assert isinstance(first, SourcePage)
    assert first.to_article().licence == "CC0-1.0"


def test_documents_without_a_licence_are_rejected(handbook: Path) -> None:
    (handbook / "LICENCE").write_text("\n")
    with pytest.raises(SourceError, match=r"^handbook: .* have no licence.* called LICENCE"):
        read_pages(handbook)


def test_a_document_that_is_not_text_is_named(handbook: Path) -> None:
    (handbook / "zero.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"handbook/zero\.txt"):
        read_pages(handbook)


def test_a_folder_without_documents_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="contains no pages"):
        list(read(str(tmp_path), licence="CC0-1.0"))


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("*one* **two** `three` _four_", "one two three four"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("see [the port](x.md) and ![map](m.png)", "see the port and"),
        ("> said so", "said so"),
        ("| a | b |\n|---|---|", "\n"),
        ("1. one\n2) two", "\n"),
        ("a<br>b <!-- c -->", "a b"),
    ],
)
def test_markdown_loses_its_markup(markdown: str, plain: str) -> None:
    assert strip_markdown(markdown) == plain


def test_a_licence_file_that_is_not_text_is_named(handbook: Path) -> None:
    (handbook / "LICENCE").write_bytes(b"CC\xff")
    with pytest.raises(SourceError, match="handbook/LICENCE"):
        read_pages(handbook)


def test_a_folder_with_the_extension_of_a_document_is_ignored(handbook: Path) -> None:
    before = read_pages(handbook)
    (handbook / "notes.md").mkdir()
    assert read_pages(handbook) == before


def test_a_file_name_that_is_not_utf8_gets_replacement_characters(handbook: Path) -> None:
    os.rename(  # noqa: PTH104 # a Path can't hold these bytes
        os.fsencode(handbook / "second_pier.txt"), os.fsencode(handbook) + b"/p\xfcr.txt"
    )
    (page,) = (page for page in read_pages(handbook) if "\ufffd" in page.id)
    page.to_article().url.encode()

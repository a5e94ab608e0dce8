import os
from pathlib import Path

import pytest

from db.records import Passage
from pipelines.articles.documents import plain_markdown
from pipelines.articles.page import SourceArticle
from pipelines.articles.passages import passages
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


def articles(folder: Path) -> list[SourceArticle]:
    return [page for page in read(str(folder)) if isinstance(page, SourceArticle)]


def test_documents_of_a_folder_are_articles_under_the_licence_it_names(handbook: Path) -> None:
    found = [(a.article.title, a.article.url, a.article.licence) for a in articles(handbook)]
    assert found == [
        ("Port Amity", "documents:handbook/ports/amity.md", "CC BY 4.0"),
        ("second pier", "documents:handbook/second_pier.txt", "CC BY 4.0"),
    ]


def test_markdown_gives_passages_by_its_headings(handbook: Path) -> None:
    found = list(passages(articles(handbook)[0]))
    assert [(p.section, p.text) for p in found if isinstance(p, Passage)] == [
        ("", PROSE),
        ("Trade", PROSE),
    ]


def test_a_licence_that_is_handed_in_needs_no_file(handbook: Path) -> None:
    (handbook / "LICENCE").unlink()
    first = next(iter(read(str(handbook), licence="CC0-1.0")))
    assert isinstance(first, SourceArticle)
    assert first.article.licence == "CC0-1.0"


def test_documents_without_a_licence_are_refused(handbook: Path) -> None:
    (handbook / "LICENCE").write_text("\n")
    with pytest.raises(SourceError, match="found no licence for the documents in handbook"):
        articles(handbook)


def test_a_document_that_is_no_text_is_named(handbook: Path) -> None:
    (handbook / "zero.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"handbook/zero\.txt"):
        articles(handbook)


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected at least one article"):
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
def test_markdown_is_shown_without_its_marks(markdown: str, plain: str) -> None:
    assert plain_markdown(markdown) == plain


def test_a_licence_that_is_no_text_is_named(handbook: Path) -> None:
    (handbook / "LICENCE").write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match="handbook/LICENCE"):
        articles(handbook)


def test_a_folder_that_is_called_like_a_document_is_none(handbook: Path) -> None:
    before = articles(handbook)
    (handbook / "notes.md").mkdir()
    assert articles(handbook) == before


def test_a_name_that_is_no_text_is_marked(handbook: Path) -> None:
    os.rename(  # noqa: PTH104 # a path is text, which this is not
        os.fsencode(handbook / "second_pier.txt"), os.fsencode(handbook) + b"/p\xfcr.txt"
    )
    (page,) = (p for p in articles(handbook) if "\ufffd" in p.article.page)
    page.article.url.encode()

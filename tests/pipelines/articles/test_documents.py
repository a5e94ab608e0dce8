import gzip
import os
from pathlib import Path

import pytest

from db.records import Article, Passage, Rejection
from pipelines.articles.documents import strip_markdown
from pipelines.articles.intake import read_batches
from pipelines.articles.passages import split_passages
from pipelines.articles.source_page import SourcePage, SourceTerms
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
    (handbook / "picture.png").unlink()
    first = next(iter(read(str(handbook), licence="CC0-1.0")))
    assert isinstance(first, SourcePage)
    assert first.to_article().licence == "CC0-1.0"


def test_documents_without_a_licence_are_rejected(handbook: Path) -> None:
    (handbook / "LICENCE").write_text("\n")
    with pytest.raises(SourceError, match=r"^handbook: .* have no licence.* called LICENCE"):
        read_pages(handbook)


def test_all_documents_that_cannot_be_read_are_named_after_the_others_are_read(
    handbook: Path,
) -> None:
    (handbook / "latin.txt").write_bytes("Größe".encode("latin-1"))
    (handbook / "zero.md").write_bytes(b"\xff\xfe\x00")
    batches, records = read_batches(str(handbook)), list[object]()
    with pytest.raises(SourceError) as error:
        records.extend(record for batch in batches for record in batch.records)
    assert [line.split(" ")[0] for line in str(error.value).splitlines()] == [
        "handbook/latin.txt",
        "handbook/zero.md",
    ]
    assert sum(isinstance(record, Article) for record in records) == 2


def test_files_of_other_types_are_rejected_with_a_remedy(handbook: Path) -> None:
    (handbook / "chats.jsonl").write_text("{}")
    (handbook / "used.jsonl").write_text("{}")
    (handbook / ".hidden").write_text("x")
    pages = read_batches(str(handbook), SourceTerms(skip=(str(handbook / "used.jsonl"),)))
    rejections = [r for batch in pages for r in batch.records if isinstance(r, Rejection)]
    assert [(r.subject, r.reason) for r in rejections] == [
        ("handbook/chats.jsonl", "unsupported file type"),
        ("handbook/picture.png", "unsupported file type"),
    ]
    assert "name it in `chats`" in rejections[0].detail
    assert rejections[1].detail.startswith("save its text as one of .md, .txt, .pdf")


def test_a_short_document_with_any_title_is_read(tmp_path: Path) -> None:
    text = "You can bring your dog on every crossing, and it doesn't need a ticket."
    (tmp_path / "dogs.md").write_text(f"# List of dogs\n\n{text}\n\n## Cats\n\nThey may come.\n")
    batches = list(read_batches(str(tmp_path), SourceTerms("ours")))
    passages = [r for batch in batches for r in batch.records if isinstance(r, Passage)]
    rejected = [r for batch in batches for r in batch.records if isinstance(r, Rejection)]
    assert [passage.text for passage in passages] == [text]
    assert [(r.reason, r.text) for r in rejected] == [("too short", "They may come.")]


def test_headings_of_documents_are_sections_and_short_sentences_are_text(tmp_path: Path) -> None:
    text = "You can bring your dog on every crossing, and it doesn't need a ticket."
    lines = ("# Dogs", "## May I bring one?", "Yes, of course.", text, "## Notes", text)
    (tmp_path / "dogs.md").write_text("\n\n".join(lines))
    (batch,) = read_batches(str(tmp_path), SourceTerms("ours"))
    passages = [record for record in batch.records if isinstance(record, Passage)]
    assert [(passage.section, passage.text) for passage in passages] == [
        ("May I bring one?", f"Yes, of course.\n{text}"),
        ("Notes", text),
    ]


def test_a_gzipped_text_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "dogs.txt.gz").write_bytes(gzip.compress(PROSE.encode()))
    (batch,) = read_batches(str(tmp_path), SourceTerms("ours"))
    assert [r.title for r in batch.records if isinstance(r, Article)] == ["dogs"]


def test_a_folder_without_documents_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"contains no documents. Put some into it \(\.md"):
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

"""Reading a source into the store: an interrupted dump resumes where its reading stopped."""

import bz2
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from db.records import Article, Passage, Record, Rejection
from db.store import Store
from pipelines.articles.intake import read_batches
from pipelines.errors import SourceError
from tests.pipelines.articles.exports import PROSE, export_xml, page_xml
from tests.timbre.conftest import ignore_progress
from timbre.workflows import ingest
from timbre.workflows.ingest import add_articles

STREAMS = 6


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A multistream dump with two pages per stream, like those that Wikimedia publishes."""
    pages = [page_xml(f"Port {n}", f"{PROSE}\n\n{PROSE}", n) for n in range(2 * STREAMS)]
    streams = [export_xml("").removesuffix("</mediawiki>\n")]
    streams += ["".join(pages[at : at + 2]) for at in range(0, len(pages), 2)]
    path = tmp_path / "enwiki-multistream.xml.bz2"
    path.write_bytes(b"".join(bz2.compress(p.encode()) for p in [*streams, "</mediawiki>\n"]))
    return path


def read_three_batches(*arguments: object, **options: object) -> Iterator[object]:
    """Stop reading after three streams, as a power cut would."""
    for number, batch in enumerate(read_batches(*arguments, **options)):  # type: ignore[arg-type]
        if number == 3:
            raise KeyboardInterrupt
        yield batch


def test_interrupted_reading_resumes_after_the_last_stored_stream(
    store: Store, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ingest, "_BATCH", 1)
        patch.setattr(ingest, "read_batches", read_three_batches)
        with pytest.raises(KeyboardInterrupt):
            add_articles(store, str(dump), ignore_progress)
    assert store.count(Article) == 6
    rest = add_articles(store, str(dump), ignore_progress)
    assert rest.resumed_at > 0
    assert (rest.articles, store.count(Article)) == (6, 12)
    assert store.count(Passage) == 24


def test_a_dump_read_to_its_end_is_read_again_and_adds_nothing(store: Store, dump: Path) -> None:
    first = add_articles(store, str(dump), ignore_progress)
    again = add_articles(store, str(dump), ignore_progress)
    assert (first.articles, first.new) == (12, 36)
    assert (again.articles, again.new, again.resumed_at) == (12, 0, 0)


def test_a_limit_counts_articles_and_includes_all_their_passages(store: Store, dump: Path) -> None:
    for new in (9, 0):
        intake = add_articles(store, str(dump), ignore_progress, limit=3)
        assert (intake.articles, intake.passages, intake.new) == (3, 6, new)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("#REDIRECT [[Port]]", "1 redirect"),
        ("* a pier\n" * 100, "1 list"),
        (f"{PROSE} It has {{{{unknown}}}}.", "1 no passage, 1 unknown template"),
    ],
)
def test_a_source_without_passages_is_an_error_that_counts_its_rejections(
    store: Store, tmp_path: Path, text: str, reasons: str
) -> None:
    path = tmp_path / "enwiki.xml"
    path.write_text(export_xml(page_xml("Port", text)), encoding="utf-8")
    with pytest.raises(SourceError, match=rf"enwiki.xml has no passages .* \({reasons}\)"):
        add_articles(store, str(path), ignore_progress)
    assert store.count(Rejection) == len(reasons.split(","))


def test_an_interrupted_write_is_not_repeated(
    store: Store, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interrupted write may hold the database's lock until the error is handled."""
    writes: list[int] = []

    def add(_: Store, records: Iterable[Record]) -> int:
        if batch := list(records):
            writes.append(len(batch))
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(Store, "add", add)
    with pytest.raises(KeyboardInterrupt):
        add_articles(store, str(dump), ignore_progress)
    assert len(writes) == 1

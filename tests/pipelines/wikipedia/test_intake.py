from collections.abc import Callable
from pathlib import Path

import pytest

from db.records import Article, Passage, Refusal
from pipelines.errors import SourceError
from pipelines.wikipedia import intake
from pipelines.wikipedia.intake import records
from pipelines.wikipedia.passages import passages
from pipelines.wikipedia.site import SourceArticle
from pipelines.wikipedia.sources import read
from tests.pipelines.wikipedia.exports import PROSE, page_xml

Write = Callable[..., Path]


def some_pages(count: int) -> str:
    texts = (f"{PROSE}\n== Part {n} ==\n{PROSE.replace('1834', str(n))}" for n in range(count))
    return "".join(page_xml(f"Port {n}", text, n) for n, text in enumerate(texts))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share the work from the first page on, however little it is."""
    monkeypatch.setattr(intake, "_ALONE_BATCHES", 1)
    monkeypatch.setattr(intake, "_BATCH_CHARACTERS", 5_000)


def test_records_are_articles_each_followed_by_its_passages(write_export: Write) -> None:
    path = str(write_export(some_pages(3) + page_xml("List of ports", PROSE)))
    expected: list[Article | Passage | Refusal] = []
    for page in read(path):
        if isinstance(page, SourceArticle):
            expected += [page.article, *passages(page)]
        else:
            expected.append(page)
    assert list(records(path)) == expected
    assert [type(r).__name__ for r in expected[:3]] == ["Article", "Passage", "Passage"]
    assert isinstance(expected[-1], Refusal)


@pytest.mark.usefixtures("eager")
def test_two_processes_give_the_records_of_one_in_the_same_order(write_export: Write) -> None:
    path = str(write_export(some_pages(60)))
    alone = [record.id for record in records(path, workers=1)]
    assert len(alone) == 180
    assert [record.id for record in records(path, workers=2)] == alone


@pytest.mark.usefixtures("eager")
def test_a_break_in_the_file_is_told_by_the_shared_work_too(write_export: Write) -> None:
    path = write_export(some_pages(60))
    path.write_bytes(path.read_bytes()[:-4_000])
    with pytest.raises(SourceError, match="found XML that cannot be read"):
        list(records(str(path), workers=2))


@pytest.mark.usefixtures("eager")
def test_shared_work_can_be_left_in_the_middle(write_export: Write) -> None:
    found = records(str(write_export(some_pages(60))), workers=2)
    first = [next(found) for _ in range(20)]
    found.close()  # type: ignore[attr-defined] # an iterator by its type, a generator in fact
    assert isinstance(first[0], Article)

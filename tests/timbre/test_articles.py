"""Articles in: a dump of many streams whose reading breaks off is gone on with where it was."""

import bz2
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from db.records import Article, Passage, Record
from db.store import Store
from pipelines.wikipedia.intake import parts
from tests.pipelines.wikipedia.exports import PROSE, export_xml, page_xml
from timbre import articles
from timbre.articles import add_articles

STREAMS = 6


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    Store.migrate(url)
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A dump of streams of two pages each, as Wikimedia publishes them."""
    pages = [page_xml(f"Port {n}", f"{PROSE}\n\n{PROSE}", n) for n in range(2 * STREAMS)]
    streams = [export_xml("").removesuffix("</mediawiki>\n")]
    streams += ["".join(pages[at : at + 2]) for at in range(0, len(pages), 2)]
    path = tmp_path / "enwiki-multistream.xml.bz2"
    path.write_bytes(b"".join(bz2.compress(p.encode()) for p in [*streams, "</mediawiki>\n"]))
    return path


def nothing(*_: object) -> None:
    """Tells nobody how far it is."""


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets reading end after three streams, as a loss of power would."""

    def breaks(*arguments: object, **named: object) -> Iterator[object]:
        for number, part in enumerate(parts(*arguments, **named)):  # type: ignore[arg-type]
            if number == 3:
                raise KeyboardInterrupt
            yield part

    def prepare() -> None:
        monkeypatch.setattr(articles, "_BATCH", 1)
        monkeypatch.setattr(articles, "parts", breaks)

    return prepare


def test_reading_goes_on_after_the_last_stream_that_was_stored(
    store: Store, dump: Path, broken_off: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context():
        broken_off()
        with pytest.raises(KeyboardInterrupt):
            add_articles(store, str(dump), nothing)
    assert store.count(Article) == 6
    monkeypatch.undo()
    rest = add_articles(store, str(dump), nothing)
    assert rest.after > 0
    assert (rest.articles, store.count(Article)) == (6, 12)
    assert store.count(Passage) == 24


def test_a_dump_read_to_its_end_is_read_anew_and_nothing_is_new(store: Store, dump: Path) -> None:
    first = add_articles(store, str(dump), nothing)
    again = add_articles(store, str(dump), nothing)
    assert (first.articles, first.new) == (12, 36)
    assert (again.articles, again.new, again.after) == (12, 0, 0)


def test_a_limit_counts_articles_with_all_their_passages(store: Store, dump: Path) -> None:
    for new in (9, 0):
        taken = add_articles(store, str(dump), nothing, limit=3)
        assert (taken.articles, taken.passages, taken.new) == (3, 6, new)


def test_a_write_that_was_broken_off_is_not_waited_for_once_more(
    store: Store, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold its turn to write as long as the error is on its way."""
    written: list[int] = []

    def add(_: Store, records: Iterable[Record]) -> int:
        if found := list(records):
            written.append(len(found))
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(Store, "add", add)
    with pytest.raises(KeyboardInterrupt):
        add_articles(store, str(dump), nothing)
    assert len(written) == 1

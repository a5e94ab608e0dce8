import bz2
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db.records import Article, Passage, Rejection
from pipelines.articles import intake
from pipelines.articles.passages import split_passages
from pipelines.articles.source_page import SourcePage
from pipelines.errors import SourceError
from pipelines.wikipedia import multistream
from pipelines.wikipedia.multistream import find_streams
from tests.conftest import require
from tests.pipelines.articles.exports import PROSE, export_xml, page_xml
from tests.pipelines.articles.reading import read, read_records

Write = Callable[..., Path]


def some_pages(count: int) -> str:
    texts = (f"{PROSE}\n== Part {n} ==\n{PROSE.replace('1834', str(n))}" for n in range(count))
    return "".join(page_xml(f"Port {n}", text, n) for n, text in enumerate(texts))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start worker processes from the first page on, however little work there is."""
    monkeypatch.setattr(intake, "_SECONDS_ALONE", 0.0)
    monkeypatch.setattr(intake, "_BATCH_CHARACTERS", 5_000)


def test_each_article_is_followed_by_its_passages(write_export: Write) -> None:
    path = str(write_export(some_pages(3) + page_xml("List of ports", PROSE)))
    expected: list[Article | Passage | Rejection] = []
    for page in read(path):
        if isinstance(page, SourcePage):
            article = page.to_article()
            expected += [article, *split_passages(page, article.id)]
        else:
            expected.append(page)
    assert list(read_records(path)) == expected
    assert [type(r).__name__ for r in expected[:3]] == ["Article", "Passage", "Passage"]
    assert isinstance(expected[-1], Rejection)


@pytest.mark.usefixtures("eager")
def test_two_processes_return_the_records_of_one_in_the_same_order(write_export: Write) -> None:
    path = str(write_export(some_pages(60)))
    alone = [record.id for record in read_records(path, workers=1)]
    assert len(alone) == 180
    assert [record.id for record in read_records(path, workers=2)] == alone


@pytest.mark.usefixtures("eager")
def test_a_truncated_dump_is_reported_with_several_workers(write_export: Write) -> None:
    path = write_export(some_pages(60))
    path.write_bytes(path.read_bytes()[:-4_000])
    with pytest.raises(SourceError, match=r"XML can't be read at line \d+, after \d+ pages"):
        list(read_records(str(path), workers=2))


@pytest.mark.usefixtures("eager")
def test_reading_with_several_workers_can_be_abandoned(write_export: Write) -> None:
    records = read_records(str(write_export(some_pages(60))), workers=2)
    first = [next(records) for _ in range(20)]
    records.close()  # type: ignore[attr-defined] # The iterator is a generator.
    assert isinstance(first[0], Article)


def write_multistream(tmp_path: Path, pages: int = 60) -> Path:
    """A dump with ten pages per stream, in Wikimedia's layout."""
    single = [page_xml(f"Port {n}", f"{PROSE}\n\n{PROSE}", n) for n in range(pages)]
    parts = [
        export_xml("").removesuffix("</mediawiki>\n"),
        *("".join(single[at : at + 10]) for at in range(0, pages, 10)),
        "</mediawiki>\n",
    ]
    path = tmp_path / "enwiki-multistream.xml.bz2"
    path.write_bytes(b"".join(bz2.compress(part.encode()) for part in parts))
    return path


@pytest.mark.parametrize("block", [10, 11, 64, 1 << 20])
def test_a_multistream_dump_is_split_into_its_streams_for_any_block_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(multistream, "_BLOCK_BYTES", block)
    path = write_multistream(tmp_path)
    streams = list(find_streams(path, path.name))
    assert len(streams) == 7
    titles = [page.title for stream in streams for page in stream.read_pages()]
    assert titles == [f"Port {n}" for n in range(60)]


def test_a_dump_that_grows_while_it_is_read_is_read_to_its_new_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multistream, "_BLOCK_BYTES", 64)
    path = write_multistream(tmp_path)
    whole = path.read_bytes()
    *_, last = find_streams(path, path.name)
    path.write_bytes(whole[: last.start - 100])
    streams = find_streams(path, path.name)
    first = next(streams)
    path.write_bytes(whole)
    ends = [stream.end for stream in (first, *streams)]
    assert ends == sorted(ends)
    assert ends[-1] == len(whole)


def test_a_dump_in_streams_that_ignore_page_boundaries_is_read_completely(
    tmp_path: Path,
) -> None:
    """Parallel compressors write such files; here one stream happens to start with a page."""
    pages = export_xml("".join(page_xml(f"Port {n}", PROSE, n) for n in range(9)))
    second, third = pages.index("<page>", 2000), pages.index("Port 7")
    pieces = (pages[:second], pages[second:third], pages[third:])
    path = tmp_path / "enwiki.xml.bz2"
    path.write_bytes(b"".join(bz2.compress(piece.encode()) for piece in pieces))
    titles = [r.title for r in read_records(str(path)) if isinstance(r, Article)]
    assert titles == [f"Port {n}" for n in range(9)]


@pytest.mark.parametrize("number", [0, 3])
def test_a_stream_with_damaged_first_bytes_is_reported(tmp_path: Path, number: int) -> None:
    path = write_multistream(tmp_path)
    start = list(find_streams(path, path.name))[number].start
    content = path.read_bytes()
    path.write_bytes(content[: start + 4] + b"?" + content[start + 5 :])
    with pytest.raises(SourceError, match=r"stream at byte \d+ is damaged"):
        list(read_records(str(path), workers=1))


def test_a_dump_of_one_stream_is_not_a_multistream_dump(write_export: Write) -> None:
    path = write_export(some_pages(5), "enwiki.xml.bz2")
    assert list(find_streams(path, path.name)) == []


@pytest.mark.usefixtures("eager")
def test_a_multistream_dump_gives_the_same_records_with_two_workers(tmp_path: Path) -> None:
    path = str(write_multistream(tmp_path))
    alone = [record.id for record in read_records(path, workers=1)]
    assert len(alone) == 180
    assert [record.id for record in read_records(path, workers=2)] == alone


@pytest.mark.parametrize("cut", [20, 60, 300])
def test_a_truncated_multistream_dump_is_reported(tmp_path: Path, cut: int) -> None:
    path = write_multistream(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(SourceError, match="cut off"):
        list(read_records(str(path), workers=2))


def test_a_multistream_dump_without_its_last_streams_is_reported(tmp_path: Path) -> None:
    path = write_multistream(tmp_path)
    *_, last = find_streams(path, path.name)
    path.write_bytes(path.read_bytes()[: last.start])
    with pytest.raises(SourceError, match="truncated: it doesn't end with"):
        list(read_records(str(path), workers=2))


READER = """
import os, signal, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pipelines.articles.extraction import follow_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, get_context("spawn"), initializer=follow_parent)
    print(*{future.result() for future in [pool.submit(os.getpid) for _ in range(8)]}, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_exit_when_their_parent_is_killed(tmp_path: Path) -> None:
    require(Path("/proc/self/status").exists(), "needs Linux, to list processes")
    script = tmp_path / "reader.py"
    script.write_text(READER)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    result = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == -signal.SIGKILL
    workers = [int(number) for number in result.stdout.split()]
    assert workers
    deadline = time.monotonic() + 20
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))


def is_alive(number: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def test_an_empty_dump_is_reported(tmp_path: Path) -> None:
    (tmp_path / "enwiki.xml.bz2").touch()
    with pytest.raises(SourceError, match=r"^enwiki\.xml\.bz2 is empty"):
        list(read_records(str(tmp_path / "enwiki.xml.bz2")))

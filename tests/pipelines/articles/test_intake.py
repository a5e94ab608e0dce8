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
from pipelines.articles.intake import read_records
from pipelines.articles.page import SourceArticle
from pipelines.articles.passages import passages
from pipelines.errors import SourceError
from pipelines.wikipedia import multistream as dump_streams
from pipelines.wikipedia.multistream import streams
from tests.conftest import require
from tests.pipelines.articles.exports import PROSE, export_xml, page_xml
from tests.pipelines.articles.reading import read

Write = Callable[..., Path]


def some_pages(count: int) -> str:
    texts = (f"{PROSE}\n== Part {n} ==\n{PROSE.replace('1834', str(n))}" for n in range(count))
    return "".join(page_xml(f"Port {n}", text, n) for n, text in enumerate(texts))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share the work from the first page on, however little it is."""
    monkeypatch.setattr(intake, "_SECONDS_ALONE", 0.0)
    monkeypatch.setattr(intake, "_BATCH_CHARACTERS", 5_000)


def test_records_are_articles_each_followed_by_its_passages(write_export: Write) -> None:
    path = str(write_export(some_pages(3) + page_xml("List of ports", PROSE)))
    expected: list[Article | Passage | Rejection] = []
    for page in read(path):
        if isinstance(page, SourceArticle):
            expected += [page.article, *passages(page)]
        else:
            expected.append(page)
    assert list(read_records(path)) == expected
    assert [type(r).__name__ for r in expected[:3]] == ["Article", "Passage", "Passage"]
    assert isinstance(expected[-1], Rejection)


@pytest.mark.usefixtures("eager")
def test_two_processes_give_the_records_of_one_in_the_same_order(write_export: Write) -> None:
    path = str(write_export(some_pages(60)))
    alone = [record.id for record in read_records(path, workers=1)]
    assert len(alone) == 180
    assert [record.id for record in read_records(path, workers=2)] == alone


@pytest.mark.usefixtures("eager")
def test_a_break_in_the_file_is_told_by_the_shared_work_too(write_export: Write) -> None:
    path = write_export(some_pages(60))
    path.write_bytes(path.read_bytes()[:-4_000])
    with pytest.raises(SourceError, match="found XML that cannot be read"):
        list(read_records(str(path), workers=2))


@pytest.mark.usefixtures("eager")
def test_shared_work_can_be_left_in_the_middle(write_export: Write) -> None:
    found = read_records(str(write_export(some_pages(60))), workers=2)
    first = [next(found) for _ in range(20)]
    found.close()  # type: ignore[attr-defined] # an iterator by its type, a generator in fact
    assert isinstance(first[0], Article)


def multistream(tmp_path: Path, pages: int = 60) -> Path:
    """A dump of streams of ten pages each, as Wikimedia publishes them."""
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
def test_a_dump_of_many_streams_is_read_by_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Wherever the blocks end in which it is looked through."""
    monkeypatch.setattr(dump_streams, "_BLOCK_BYTES", block)
    path = multistream(tmp_path)
    found = list(streams(path, path.name))
    assert len(found) == 7
    titles = [page.title for stream in found for _, page in stream.pages()]
    assert titles == [f"Port {n}" for n in range(60)]


def test_a_dump_that_grows_while_it_is_read_is_read_as_far_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump_streams, "_BLOCK_BYTES", 64)
    path = multistream(tmp_path)
    whole = path.read_bytes()
    *_, last = streams(path, path.name)
    path.write_bytes(whole[: last.start - 100])
    found = streams(path, path.name)
    first = next(found)
    path.write_bytes(whole)
    ends = [stream.end for stream in (first, *found)]
    assert ends == sorted(ends)
    assert ends[-1] == len(whole)


def test_a_dump_packed_in_pieces_that_begin_at_pages_by_chance_is_read_whole(
    tmp_path: Path,
) -> None:
    """As compressors that work in parallel do, to which a page is nothing."""
    pages = export_xml("".join(page_xml(f"Port {n}", PROSE, n) for n in range(9)))
    second, third = pages.index("<page>", 2000), pages.index("Port 7")
    pieces = (pages[:second], pages[second:third], pages[third:])
    path = tmp_path / "enwiki.xml.bz2"
    path.write_bytes(b"".join(bz2.compress(piece.encode()) for piece in pieces))
    titles = [record.title for record in read_records(str(path)) if isinstance(record, Article)]
    assert titles == [f"Port {n}" for n in range(9)]


@pytest.mark.parametrize("number", [0, 3])
def test_a_stream_whose_first_bytes_are_damaged_is_not_passed_over(
    tmp_path: Path, number: int
) -> None:
    path = multistream(tmp_path)
    start = list(streams(path, path.name))[number].start
    content = path.read_bytes()
    path.write_bytes(content[: start + 4] + b"?" + content[start + 5 :])
    with pytest.raises(SourceError, match="is broken"):
        list(read_records(str(path), workers=1))


def test_a_dump_of_one_stream_has_no_streams_to_read_apart(write_export: Write) -> None:
    path = write_export(some_pages(5), "enwiki.xml.bz2")
    assert list(streams(path, path.name)) == []


@pytest.mark.usefixtures("eager")
def test_streams_give_the_records_of_the_whole_file(tmp_path: Path) -> None:
    path = str(multistream(tmp_path))
    alone = [record.id for record in read_records(path, workers=1)]
    assert len(alone) == 180
    assert [record.id for record in read_records(path, workers=2)] == alone


@pytest.mark.parametrize("cut", [20, 60, 300])
def test_a_dump_of_many_streams_that_breaks_off_is_told(tmp_path: Path, cut: int) -> None:
    path = multistream(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(SourceError, match="breaks off"):
        list(read_records(str(path), workers=2))


def test_a_dump_that_lacks_its_last_streams_is_told(tmp_path: Path) -> None:
    path = multistream(tmp_path)
    *_, last = streams(path, path.name)
    path.write_bytes(path.read_bytes()[: last.start])
    with pytest.raises(SourceError, match="breaks off after a stream"):
        list(read_records(str(path), workers=2))


READER = """
import os, signal, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pipelines.articles.extraction import end_with_the_reader
if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, get_context("spawn"), initializer=end_with_the_reader)
    print(*{future.result() for future in [pool.submit(os.getpid) for _ in range(8)]}, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_reader_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    require(Path("/proc/self/status").exists(), "needs Linux, to see which processes there are")
    script = tmp_path / "reader.py"
    script.write_text(READER)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    left = [int(number) for number in done.stdout.split()]
    assert left
    until = time.monotonic() + 20
    while any(map(is_alive, left)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_alive, left))


def is_alive(number: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def test_an_empty_dump_is_told(tmp_path: Path) -> None:
    (tmp_path / "enwiki.xml.bz2").touch()
    with pytest.raises(SourceError, match="found an empty file"):
        list(read_records(str(tmp_path / "enwiki.xml.bz2")))

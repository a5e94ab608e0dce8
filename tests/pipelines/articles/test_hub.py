"""Datasets on the Hub, streamed from a local server that imitates it."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pyarrow
import pyarrow.parquet
import pytest

from pipelines.articles import hub
from pipelines.errors import SourceError
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.articles.reading import read

SOURCE = "hf:wikimedia/wikipedia:20231101.en"
REPOSITORY = "/api/datasets/wikimedia/wikipedia"


def parquet_file(first: int, count: int) -> bytes:
    rows = [
        {"id": str(n), "url": f"https://en.wikipedia.org/wiki/{n}", "title": str(n), "text": PROSE}
        for n in range(first, first + count)
    ]
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), buffer, row_group_size=2)
    return buffer.getvalue()


class Hub(BaseHTTPRequestHandler):
    """A server with one dataset of two files."""

    files = {  # noqa: RUF012 # It never changes.
        "20231101.en/train-00000-of-00002.parquet": parquet_file(0, 5),
        "20231101.en/train-00001-of-00002.parquet": parquet_file(5, 3),
    }

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == REPOSITORY or path.startswith(f"{REPOSITORY}/revision"):
            self.send(json.dumps({"id": "wikimedia/wikipedia", "sha": "0" * 40}).encode())
        elif path.startswith(f"{REPOSITORY}/tree/"):
            self.send(json.dumps(self.entries(path.removeprefix(f"{REPOSITORY}/tree/"))).encode())
        elif "/resolve/" in path and (name := self.file(path)):
            self.send_range(self.files[name])
        else:
            self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 # The name that http.server calls.

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        paths = [name for name in self.files if name in body or name.replace("/", "%2F") in body]
        self.send(json.dumps([self.entry(name) for name in paths]).encode())

    def entries(self, rest: str) -> list[dict[str, object]]:
        folder = rest.partition("/")[2]
        if not folder:
            return [{"type": "directory", "path": "20231101.en", "oid": "0"}]
        return [self.entry(name) for name in self.files if name.startswith(f"{folder}/")]

    def entry(self, name: str) -> dict[str, object]:
        return {"type": "file", "path": name, "size": len(self.files[name]), "oid": "0"}

    def file(self, path: str) -> str:
        return next((name for name in self.files if path.endswith(name)), "")

    def send_range(self, content: bytes) -> None:
        start, _, end = self.headers.get("Range", "bytes=0-")[6:].partition("-")
        self.send(content[int(start) : int(end or len(content)) + 1], 206)

    def send(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_row_of_every_file_becomes_a_page(endpoint: str) -> None:
    page, *others = hub.read_pages(SOURCE, endpoint=endpoint)
    assert [p.title for p in (page, *others)] == [str(n) for n in range(8)]
    assert (page.site.source, page.site.language) == (SOURCE, "en")
    assert page.url == "https://en.wikipedia.org/wiki/0"


def test_a_missing_dataset_or_folder_is_named(endpoint: str) -> None:
    for source in ("hf:wikimedia/wikimedia:20231101.en", "hf:wikimedia/wikipedia:20231101.xx"):
        with pytest.raises(SourceError, match=rf"^{source} (has no|can't) .*\. (Check|Look)"):
            list(hub.read_pages(source, endpoint=endpoint))


@pytest.mark.parametrize("source", ["hf:wikipedia", "hf:a/b", "hf:a/b:", "hf:a b/c:d"])
def test_a_malformed_source_is_rejected(source: str) -> None:
    with pytest.raises(
        SourceError, match=rf"^“{source}” isn't a valid Hub dataset.* hf:OWNER/NAME:FOLDER"
    ):
        list(read(source))


def test_an_unreachable_hub_suggests_checking_the_network(unused: Callable[[], str]) -> None:
    with pytest.raises(SourceError, match="Check the dataset name, your network"):
        list(hub.read_pages(SOURCE, endpoint=unused()))


@pytest.fixture
def unused() -> Callable[[], str]:
    def address() -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
        port = server.server_port
        server.server_close()
        return f"http://127.0.0.1:{port}"

    return address

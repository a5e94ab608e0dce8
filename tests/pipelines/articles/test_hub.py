"""A data set on the Hub is streamed, here from a local server that answers as the Hub does."""

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
    """Answers for one data set with two files, and counts what it sends."""

    files = {  # noqa: RUF012 # never changed
        "20231101.en/train-00000-of-00002.parquet": parquet_file(0, 5),
        "20231101.en/train-00001-of-00002.parquet": parquet_file(5, 3),
    }

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == REPOSITORY or path.startswith(f"{REPOSITORY}/revision"):
            self.say(json.dumps({"id": "wikimedia/wikipedia", "sha": "0" * 40}).encode())
        elif path.startswith(f"{REPOSITORY}/tree/"):
            self.say(json.dumps(self.listed(path.removeprefix(f"{REPOSITORY}/tree/"))).encode())
        elif "/resolve/" in path and (name := self.file(path)):
            self.part(self.files[name])
        else:
            self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 # http.server's name

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        paths = [name for name in self.files if name in asked or name.replace("/", "%2F") in asked]
        self.say(json.dumps([self.entry(name) for name in paths]).encode())

    def listed(self, rest: str) -> list[dict[str, object]]:
        folder = rest.partition("/")[2]
        if not folder:
            return [{"type": "directory", "path": "20231101.en", "oid": "0"}]
        return [self.entry(name) for name in self.files if name.startswith(f"{folder}/")]

    def entry(self, name: str) -> dict[str, object]:
        return {"type": "file", "path": name, "size": len(self.files[name]), "oid": "0"}

    def file(self, path: str) -> str:
        return next((name for name in self.files if path.endswith(name)), "")

    def part(self, content: bytes) -> None:
        start, _, end = self.headers.get("Range", "bytes=0-")[6:].partition("-")
        self.say(content[int(start) : int(end or len(content)) + 1], 206)

    def say(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_row_of_every_file_is_a_page(endpoint: str) -> None:
    found = list(hub.pages(SOURCE, endpoint=endpoint))
    assert [page.title for _, page in found] == [str(n) for n in range(8)]
    site, page = found[0]
    assert (site.source, site.language) == (SOURCE, "en")
    assert page.url == "https://en.wikipedia.org/wiki/0"


def test_a_data_set_or_folder_that_is_not_there_is_one_sentence(endpoint: str) -> None:
    for source in ("hf:wikimedia/wikimedia:20231101.en", "hf:wikimedia/wikipedia:20231101.xx"):
        with pytest.raises(SourceError, match=r"found no .*; (check|look)"):
            list(hub.pages(source, endpoint=endpoint))


@pytest.mark.parametrize("source", ["hf:wikipedia", "hf:a/b", "hf:a/b:", "hf:a b/c:d"])
def test_a_source_of_another_form_is_one_sentence(source: str) -> None:
    with pytest.raises(SourceError, match="expected hf:OWNER/NAME:FOLDER"):
        list(read(source))


def test_a_hub_that_is_not_there_is_one_sentence(endpoint: str, unused: Callable[[], str]) -> None:
    del endpoint
    with pytest.raises(SourceError, match="check its name, the network"):
        list(hub.pages(SOURCE, endpoint=unused()))


@pytest.fixture
def unused() -> Callable[[], str]:
    def address() -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
        port = server.server_port
        server.server_close()
        return f"http://127.0.0.1:{port}"

    return address

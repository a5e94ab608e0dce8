import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.errors import SourceError
from pipelines.wikipedia.api import Api, read_pages
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.articles.reading import read

Reply = tuple[int, dict[str, str], bytes]


class Wiki:
    """A local wiki that sends its replies in order and records the requests."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.queries: list[dict[str, str]] = []
        self.agents: list[str] = []
        self.waits: list[float] = []
        wiki = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                wiki.queries.append({key: values[0] for key, values in query.items()})
                wiki.agents.append(self.headers["User-Agent"])
                status, headers, body = wiki.replies.pop(0)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the output of the tests clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def api(self) -> Api:
        port = self.server.server_address[1]
        return Api(f"http://127.0.0.1:{port}/w/api.php", wait=self.waits.append)

    def answer(self, *bodies: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.replies += [(200, headers or {}, json.dumps(body).encode()) for body in bodies]


@pytest.fixture
def wiki() -> Iterator[Wiki]:
    wiki = Wiki()
    yield wiki
    wiki.server.shutdown()
    wiki.server.server_close()


def page(title: str, text: str = PROSE, **others: object) -> dict[str, Any]:
    content = {"contentmodel": "wikitext", "content": text}
    revision = {"revid": 9, "timestamp": "2024-01-01T00:00:00Z", "slots": {"main": content}}
    return {"pageid": 5, "ns": 0, "title": title, "revisions": [revision], **others}


def query(*items: dict[str, Any], **others: object) -> dict[str, Any]:
    return {"query": {"pages": list(items)}, **others}


def titles(wiki: Wiki, source: str) -> list[str]:
    return [page.title for page in read_pages(source, api=wiki.api)]


def test_a_title_is_read_with_its_revision(wiki: Wiki) -> None:
    wiki.answer(query(page("Port Amity")))
    (read_page,) = read_pages("wiki:en:Port Amity", api=wiki.api)
    article = read_page.to_article()
    assert article.url == "https://en.wikipedia.org/wiki/Port_Amity"
    assert (article.revision, article.page, read_page.text) == ("9", "5", PROSE)
    assert article.licence == "CC BY-SA 4.0"
    assert wiki.queries[0]["titles"] == "Port Amity"


def test_every_request_has_a_user_agent_and_maxlag(wiki: Wiki) -> None:
    wiki.answer(query(page("Port Amity")))
    titles(wiki, "wiki:en:Port Amity")
    assert wiki.queries[0]["maxlag"] == "5"
    assert wiki.agents[0].startswith("Timbre/")


def test_titles_are_requested_in_batches_of_fifty(wiki: Wiki) -> None:
    wiki.answer(query(page("A")), query(page("B")))
    titles(wiki, "wiki:en:" + "|".join(f"Port {n}" for n in range(60)))
    assert [len(query["titles"].split("|")) for query in wiki.queries] == [50, 10]


@pytest.mark.parametrize(
    ("source", "parameters"),
    [
        ("wiki:de:category:Häfen", {"generator": "categorymembers", "gcmtitle": "Category:Häfen"}),
        ("wiki:en:search:old ports", {"generator": "search", "gsrsearch": "old ports"}),
    ],
)
def test_categories_and_searches_are_continued_to_their_end(
    wiki: Wiki, source: str, parameters: dict[str, str]
) -> None:
    later = {"continue": {"gcmcontinue": "x", "continue": "gcmcontinue||"}}
    wiki.answer(query(page("B", index=2), page("A", index=1), **later), query(page("C")))
    assert titles(wiki, source) == ["A", "B", "C"]
    assert parameters.items() <= wiki.queries[0].items()
    assert wiki.queries[1]["gcmcontinue"] == "x"


def test_a_page_whose_text_comes_with_a_later_answer_is_read_once(wiki: Wiki) -> None:
    late = page("B")
    del late["revisions"]
    wiki.answer(query(page("A"), late, **{"continue": {"rvcontinue": "1"}}), query(page("B")))
    assert titles(wiki, "wiki:en:A|B") == ["A", "B"]


def test_a_busy_server_gets_a_retry_after_the_requested_wait(wiki: Wiki) -> None:
    wiki.replies += [(429, {"Retry-After": "7"}, b""), (503, {}, b"")]
    wiki.answer({"error": {"code": "maxlag", "info": "Waiting"}}, headers={"Retry-After": "5"})
    wiki.answer(query(page("A")))
    assert titles(wiki, "wiki:en:A") == ["A"]
    assert wiki.waits == [7.0, 4.0, 5.0]


def test_a_page_that_does_not_exist_has_no_text(wiki: Wiki) -> None:
    wiki.answer(query({"ns": 0, "title": "Nowhere", "missing": True}))
    (nowhere,) = read_pages("wiki:en:Nowhere", api=wiki.api)
    assert nowhere.text == ""


Prepare = Callable[[Wiki], None]


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda wiki: wiki.replies.extend([(429, {}, b"")] * 5), "busy after 5 attempts"),
        (lambda wiki: wiki.replies.append((200, {}, b"<html>")), "isn't a MediaWiki API"),
        (lambda wiki: wiki.replies.append((200, {}, b"[]")), "isn't a MediaWiki API"),
        (lambda wiki: wiki.replies.append((404, {}, b"{}")), "status 404"),
        (lambda wiki: wiki.answer({"error": {"code": "badtitle", "info": "No."}}), "badtitle"),
        (lambda wiki: wiki.server.server_close(), "can't be reached"),
    ],
)
def test_a_failing_wiki_is_reported_on_one_line(wiki: Wiki, prepare: Prepare, message: str) -> None:
    prepare(wiki)
    with pytest.raises(SourceError, match=message) as raised:
        titles(wiki, "wiki:en:A")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("source", ["wiki:en", "wiki:en:", "wiki:../x:A", "wiki:"])
def test_a_malformed_source_is_rejected_before_any_request(source: str) -> None:
    with pytest.raises(
        SourceError, match=rf"^“{source}” isn't a valid Wikipedia source.* wiki:LANGUAGE:TITLE"
    ):
        list(read(source))

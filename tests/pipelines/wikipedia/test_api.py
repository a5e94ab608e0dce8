import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.errors import SourceError
from pipelines.wikipedia.api import Api, pages
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.articles.reading import read

Reply = tuple[int, dict[str, str], bytes]


class Wiki:
    """A wiki on the loopback that gives its replies in turn and keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.asked: list[dict[str, str]] = []
        self.agents: list[str] = []
        self.waited: list[float] = []
        wiki = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                wiki.asked.append({key: values[0] for key, values in query.items()})
                wiki.agents.append(self.headers["User-Agent"])
                status, headers, body = wiki.replies.pop(0)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing on the tests' output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def api(self) -> Api:
        port = self.server.server_address[1]
        return Api(f"http://127.0.0.1:{port}/w/api.php", wait=self.waited.append)

    def answers(self, *bodies: dict[str, Any], headers: dict[str, str] | None = None) -> None:
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


def found(*items: dict[str, Any], **others: object) -> dict[str, Any]:
    return {"query": {"pages": list(items)}, **others}


def titles(wiki: Wiki, source: str) -> list[str]:
    return [page.title for _, page in pages(source, api=wiki.api)]


def test_a_title_is_asked_for_and_known_at_its_revision(wiki: Wiki) -> None:
    wiki.answers(found(page("Port Amity")))
    ((site, got),) = pages("wiki:en:Port Amity", api=wiki.api)
    article = got.article(site)
    assert article.url == "https://en.wikipedia.org/wiki/Port_Amity"
    assert (article.revision, article.page, got.text) == ("9", "5", PROSE)
    assert article.licence == "CC BY-SA 4.0"
    assert wiki.asked[0]["titles"] == "Port Amity"


def test_every_request_says_who_asks_and_gives_way_to_a_slow_server(wiki: Wiki) -> None:
    wiki.answers(found(page("Port Amity")))
    titles(wiki, "wiki:en:Port Amity")
    assert wiki.asked[0]["maxlag"] == "5"
    assert wiki.agents[0].startswith("Timbre/")


def test_many_titles_are_asked_for_fifty_at_a_time(wiki: Wiki) -> None:
    wiki.answers(found(page("A")), found(page("B")))
    titles(wiki, "wiki:en:" + "|".join(f"Port {n}" for n in range(60)))
    assert [len(query["titles"].split("|")) for query in wiki.asked] == [50, 10]


@pytest.mark.parametrize(
    ("source", "parameters"),
    [
        ("wiki:de:category:Häfen", {"generator": "categorymembers", "gcmtitle": "Category:Häfen"}),
        ("wiki:en:search:old ports", {"generator": "search", "gsrsearch": "old ports"}),
    ],
)
def test_categories_and_searches_are_followed_to_their_end(
    wiki: Wiki, source: str, parameters: dict[str, str]
) -> None:
    later = {"continue": {"gcmcontinue": "x", "continue": "gcmcontinue||"}}
    wiki.answers(found(page("B", index=2), page("A", index=1), **later), found(page("C")))
    assert titles(wiki, source) == ["A", "B", "C"]
    assert parameters.items() <= wiki.asked[0].items()
    assert wiki.asked[1]["gcmcontinue"] == "x"


def test_a_page_whose_text_comes_with_a_later_answer_comes_once(wiki: Wiki) -> None:
    late = page("B")
    del late["revisions"]
    wiki.answers(found(page("A"), late, **{"continue": {"rvcontinue": "1"}}), found(page("B")))
    assert titles(wiki, "wiki:en:A|B") == ["A", "B"]


def test_a_busy_server_is_asked_again_after_as_long_as_it_says(wiki: Wiki) -> None:
    wiki.replies += [(429, {"Retry-After": "7"}, b""), (503, {}, b"")]
    wiki.answers({"error": {"code": "maxlag", "info": "Waiting"}}, headers={"Retry-After": "5"})
    wiki.answers(found(page("A")))
    assert titles(wiki, "wiki:en:A") == ["A"]
    assert wiki.waited == [7.0, 4.0, 5.0]


def test_a_page_that_does_not_exist_has_no_text(wiki: Wiki) -> None:
    wiki.answers(found({"ns": 0, "title": "Nowhere", "missing": True}))
    ((_, nowhere),) = pages("wiki:en:Nowhere", api=wiki.api)
    assert nowhere.text == ""


Prepare = Callable[[Wiki], None]


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda wiki: wiki.replies.extend([(429, {}, b"")] * 5), "busy after 5 tries"),
        (lambda wiki: wiki.replies.append((200, {}, b"<html>")), "not of MediaWiki's API"),
        (lambda wiki: wiki.replies.append((200, {}, b"[]")), "not of MediaWiki's API"),
        (lambda wiki: wiki.replies.append((404, {}, b"{}")), "status 404"),
        (lambda wiki: wiki.answers({"error": {"code": "badtitle", "info": "No."}}), "badtitle"),
        (lambda wiki: wiki.server.server_close(), "found no answer from"),
    ],
)
def test_what_goes_wrong_with_a_wiki_is_told_in_one_sentence(
    wiki: Wiki, prepare: Prepare, message: str
) -> None:
    prepare(wiki)
    with pytest.raises(SourceError, match=message) as raised:
        titles(wiki, "wiki:en:A")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("source", ["wiki:en", "wiki:en:", "wiki:../x:A", "wiki:"])
def test_a_wiki_source_of_another_form_is_refused_before_anything_is_asked(source: str) -> None:
    with pytest.raises(SourceError, match="expected wiki:LANGUAGE:TITLE"):
        list(read(source))

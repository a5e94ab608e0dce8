"""Pages of Wikipedia as they are now, asked of its API by title, category or search.

Polite as the API's etiquette asks: one request at a time, a name in the User-Agent, `maxlag`, and
waiting as long as the server says before asking again.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from pipelines.articles.page import Page, Site
from pipelines.errors import SourceError

EXPECTED = "wiki:LANGUAGE:TITLE|TITLE, wiki:LANGUAGE:category:NAME or wiki:LANGUAGE:search:WORDS"

_FORM = re.compile(r"wiki:([a-z][a-z-]{1,14}):(?:(category|search):)?(.+)\Z", re.DOTALL)
_TITLES_A_REQUEST = 50  # the API's own limit
_TRIES = 5
_SECONDS = 30.0
_BUSY = frozenset({429, 502, 503, 504})
_CONTENT = {
    "action": "query", "format": "json", "formatversion": "2", "maxlag": "5", "redirects": "1",
    "prop": "revisions", "rvprop": "ids|timestamp|content|contentmodel", "rvslots": "main",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is and who asks; `address` is the wiki's own where it is empty."""

    address: str = ""
    agent: str = "Timbre/0.1 (fine-tuning data from articles; python-httpx)"
    wait: Callable[[float], None] = time.sleep


def pages(source: str, licence: str = "", api: Api | None = None) -> Iterator[tuple[Site, Page]]:
    """The pages that a `wiki:` source names; one that does not exist comes with an empty text.

    Raises `SourceError` if the source is not of the expected form, or if the wiki cannot be
    reached or refuses.
    """
    match = _FORM.match(source)
    if match is None:
        raise SourceError(f"found “{source}”, expected {EXPECTED}")
    language, kind, words = match.groups()
    api = api or Api()
    site = Site(source, f"https://{language}.wikipedia.org/wiki/", language, licence)
    address = api.address or f"https://{language}.wikipedia.org/w/api.php"
    with httpx.Client(headers={"User-Agent": api.agent}, timeout=_SECONDS) as client:
        for query in _queries(kind, words):
            for answer in _answers(_Asker(client, address, api.wait), query):
                yield from ((site, page) for page in _pages(answer))


def _queries(kind: str | None, words: str) -> Iterator[dict[str, str]]:
    if kind == "category":
        yield {
            "generator": "categorymembers",
            "gcmtitle": f"Category:{words}",
            "gcmtype": "page",
            "gcmlimit": str(_TITLES_A_REQUEST),
        }
    elif kind == "search":
        yield {
            "generator": "search",
            "gsrsearch": words,
            "gsrlimit": str(_TITLES_A_REQUEST),
        }
    else:
        titles = [title.strip() for title in words.split("|") if title.strip()]
        for at in range(0, len(titles), _TITLES_A_REQUEST):
            yield {"titles": "|".join(titles[at : at + _TITLES_A_REQUEST])}


@dataclass(frozen=True, slots=True)
class _Asker:
    client: httpx.Client
    address: str
    wait: Callable[[float], None]

    def ask(self, query: dict[str, str]) -> dict[str, Any]:
        """One answer of the API, asked for again while the server is busy."""
        for attempt in range(_TRIES):
            response = self._response(query)
            answer = self._answer(response)
            if answer is not None:
                return answer
            self.wait(_pause(response, attempt))
        raise SourceError(
            f"found {self.address} busy after {_TRIES} tries, expected an answer; try again later"
        )

    def _response(self, query: dict[str, str]) -> httpx.Response:
        try:
            return self.client.get(self.address, params={**_CONTENT, **query})
        except httpx.HTTPError as error:
            raise SourceError(
                f"found no answer from {self.address} ({error or type(error).__name__}), expected "
                "Wikipedia's API; check the network, or use a dump"
            ) from error

    def _answer(self, response: httpx.Response) -> dict[str, Any] | None:
        """The answer; None where the server asks to come back later."""
        if response.status_code in _BUSY:
            return None
        try:
            answer = response.raise_for_status().json()
            error = answer.get("error", {})
            code, info = error.get("code", ""), str(error.get("info", "")).split("\n")[0]
        except (httpx.HTTPError, ValueError, AttributeError) as problem:
            raise SourceError(
                f"found an answer (status {response.status_code}) of {self.address} that is not "
                "of MediaWiki's API, expected JSON with pages; check the address"
            ) from problem
        if code == "maxlag":
            return None
        if code:
            raise SourceError(f"found the request refused by {self.address}: {info} ({code})")
        return dict(answer)


def _pause(response: httpx.Response, attempt: int) -> float:
    """Seconds to wait: what the server says, else 2, 4, 8, … but never over a minute."""
    stated = response.headers.get("Retry-After", "")
    return min(60.0, float(stated) if stated.isdecimal() else 2.0 ** (attempt + 1))


def _answers(asker: _Asker, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The answers to a query, continued for as long as the API has more."""
    following: dict[str, str] = {}
    while True:
        answer = asker.ask({**query, **following})
        yield answer
        following = {key: str(value) for key, value in answer.get("continue", {}).items()}
        if not following:
            return


def _pages(answer: dict[str, Any]) -> Iterator[Page]:
    """The pages of an answer; one whose text comes with a later answer is left to that."""
    found = answer.get("query", {}).get("pages", [])
    for item in sorted(found, key=lambda item: item.get("index", 0)):
        revisions = item.get("revisions", [])
        if revisions or item.get("missing") or item.get("invalid"):
            revision = revisions[0] if revisions else {}
            content = revision.get("slots", {}).get("main", {})
            yield Page(
                title=item.get("title", ""),
                id=str(item.get("pageid", "")),
                text=content.get("content", ""),
                revision=str(revision.get("revid", "")),
                timestamp=revision.get("timestamp", ""),
                namespace=item.get("ns", 0),
                model=content.get("contentmodel", "wikitext"),
            )

"""A source that reads current pages from Wikipedia's API by title, category or search.

The source follows the API etiquette: it sends one request at a time with a descriptive User-Agent
and `maxlag`, and before a retry, it waits as long as the server asks.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from pipelines.articles.source_page import Site, SourcePage
from pipelines.errors import SourceError

USAGE = "wiki:LANGUAGE:TITLE|TITLE, wiki:LANGUAGE:category:NAME or wiki:LANGUAGE:search:WORDS"

_FORM = re.compile(r"wiki:([a-z][a-z-]{1,14}):(?:(category|search):)?(.+)\Z", re.DOTALL)
_TITLES_PER_REQUEST = 50  # the limit set by the API
_MAX_ATTEMPTS = 5
_TIMEOUT_SECONDS = 30.0
_BUSY_STATUSES = frozenset({429, 502, 503, 504})
_CONTENT = {
    "action": "query",
    "format": "json",
    "formatversion": "2",
    "maxlag": "5",
    "redirects": "1",
    "prop": "revisions",
    "rvprop": "ids|timestamp|content|contentmodel",
    "rvslots": "main",
}


@dataclass(frozen=True, slots=True)
class Api:
    """Settings for access to Wikipedia's API.

    If `url` is empty, the API of the Wikipedia in the source's language is used.
    """

    url: str = ""
    agent: str = "Timbre/0.1 (fine-tuning data from articles; python-httpx)"
    wait: Callable[[float], None] = time.sleep


def read_pages(source: str, licence: str = "", api: Api | None = None) -> Iterator[SourcePage]:
    """Yield the pages that a `wiki:` source names. The text of a missing page is empty.

    Raises `SourceError` if the source is malformed, or if the wiki can't be reached or rejects the
    request.
    """
    match = _FORM.match(source)
    if match is None:
        raise SourceError(f"“{source}” isn't a valid Wikipedia source. Use {USAGE}.")
    language, kind, words = match.groups()
    api = api or Api()
    site = Site(source, f"https://{language}.wikipedia.org/wiki/", language, licence)
    url = api.url or f"https://{language}.wikipedia.org/w/api.php"
    with httpx.Client(headers={"User-Agent": api.agent}, timeout=_TIMEOUT_SECONDS) as http:
        client = _Client(http, url, api.wait)
        for query in _queries(kind, words):
            for answer in client.answers(query):
                yield from _parse_pages(answer, site)


def _queries(kind: str | None, words: str) -> Iterator[dict[str, str]]:
    limit = str(_TITLES_PER_REQUEST)
    if kind == "category":
        category = {"gcmtitle": f"Category:{words}", "gcmtype": "page", "gcmlimit": limit}
        yield {"generator": "categorymembers", **category}
    elif kind == "search":
        yield {"generator": "search", "gsrsearch": words, "gsrlimit": limit}
    else:
        titles = [title.strip() for title in words.split("|") if title.strip()]
        for start in range(0, len(titles), _TITLES_PER_REQUEST):
            yield {"titles": "|".join(titles[start : start + _TITLES_PER_REQUEST])}


@dataclass(frozen=True, slots=True)
class _Client:
    http: httpx.Client
    url: str
    wait: Callable[[float], None]

    def answers(self, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Yield all responses to a query, which the API may split into several parts."""
        continuation: dict[str, str] = {}
        while True:
            answer = self._answer({**query, **continuation})
            yield answer
            continuation = {key: str(value) for key, value in answer.get("continue", {}).items()}
            if not continuation:
                return

    def _answer(self, query: dict[str, str]) -> dict[str, Any]:
        """Send one request, and retry while the server is busy."""
        for attempt in range(_MAX_ATTEMPTS):
            response = self._get(query)
            answer = self._parse(response)
            if answer is not None:
                return answer
            self.wait(_retry_seconds(response, attempt))
        raise SourceError(
            f"{self.url} is still busy after {_MAX_ATTEMPTS} attempts. Try again later."
        )

    def _get(self, query: dict[str, str]) -> httpx.Response:
        try:
            return self.http.get(self.url, params={**_CONTENT, **query})
        except httpx.HTTPError as error:
            raise SourceError(
                f"{self.url} can't be reached ({error or type(error).__name__}). Check your "
                "network connection, or use a dump."
            ) from error

    def _parse(self, response: httpx.Response) -> dict[str, Any] | None:
        """Parse a response; the result is None if the server is busy."""
        if response.status_code in _BUSY_STATUSES:
            return None
        try:
            answer = response.raise_for_status().json()
            error = answer.get("error", {})
            code, info = error.get("code", ""), str(error.get("info", "")).split("\n")[0]
        except (httpx.HTTPError, ValueError, AttributeError) as problem:
            raise SourceError(
                f"{self.url} isn't a MediaWiki API: its response (status {response.status_code}) "
                "doesn't contain pages in JSON format. Check the URL."
            ) from problem
        if code == "maxlag":
            return None
        if code:
            raise SourceError(
                f"{self.url} rejected the request: {info} ({code}). Check the source."
            )
        return dict(answer)


def _retry_seconds(response: httpx.Response, attempt: int) -> float:
    """Return the seconds to wait: the server's Retry-After, or else 2, 4, 8, …, at most 60."""
    requested = response.headers.get("Retry-After", "")
    return min(60.0, float(requested) if requested.isdecimal() else 2.0 ** (attempt + 1))


def _parse_pages(answer: dict[str, Any], site: Site) -> Iterator[SourcePage]:
    """Parse the pages of a response. A page whose text arrives in a later response is left out."""
    items = answer.get("query", {}).get("pages", [])
    for item in sorted(items, key=lambda item: item.get("index", 0)):
        revisions = item.get("revisions", [])
        if revisions or item.get("missing") or item.get("invalid"):
            revision = revisions[0] if revisions else {}
            content = revision.get("slots", {}).get("main", {})
            yield SourcePage(
                site=site,
                title=item.get("title", ""),
                id=str(item.get("pageid", "")),
                text=content.get("content", ""),
                revision=str(revision.get("revid", "")),
                timestamp=revision.get("timestamp", ""),
                namespace=item.get("ns", 0),
                model=content.get("contentmodel", "wikitext"),
            )

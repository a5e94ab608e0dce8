"""A naive search, record by record, as a reference for the search engine.

It shares only the functions that split text into words and parse queries, which have other tests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from timbre_argilla.search.query import And, Not, Or, Phrase, Query, parse
from timbre_argilla.search.words import split_words


@dataclass(frozen=True)
class Reply:
    """A user's response to a record."""

    status: str
    values: dict[str, Any]


@dataclass(frozen=True)
class ExampleRecord:
    """A record to upload."""

    name: str
    fields: dict[str, Any]
    metadata: dict[str, Any] = field(default_factory=dict)
    suggestions: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    vector: list[float] | None = None

    @property
    def status(self) -> str:
        """A record's status: one submitted response completes it."""
        is_completed = any(reply.status == "submitted" for reply in self.replies.values())
        return "completed" if is_completed else "pending"


@dataclass(frozen=True)
class SearchRequest:
    """One search, in the terms of Argilla's API; `user` searches their own queue."""

    text: str | None = None
    field: str | None = None
    filters: tuple[dict[str, Any], ...] = ()
    sort: tuple[dict[str, Any], ...] = ()
    user: str | None = None

    def body(self) -> dict[str, Any]:
        """The body of the request."""
        body: dict[str, Any] = {}
        if self.text is not None:
            body["query"] = {"text": {"q": self.text, "field": self.field}}
        if self.filters:
            body["filters"] = {"and": list(self.filters)}
        if self.sort:
            body["sort"] = list(self.sort)
        return body


def find_matches(records: list[ExampleRecord], request: SearchRequest) -> set[str]:
    """The names of the records that match."""
    return {
        record.name
        for record in records
        if (request.text is None or _has_text(record, request))
        and all(_matches_filter(record, one, request.user) for one in request.filters)
    }


def sort_keys(record: ExampleRecord, request: SearchRequest) -> list[tuple[bool, Any]]:
    """A record's sort keys; the smaller list comes first."""
    return [_key(record, order, request.user) for order in request.sort]


def _has_text(record: ExampleRecord, request: SearchRequest) -> bool:
    query = parse(request.text or "")
    names = [request.field] if request.field else list(record.fields)
    texts = [text for name in names for text in _texts(record.fields.get(name))]
    return query is not None and _matches_query(query, [split_words(text) for text in texts])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for message in value if isinstance(value, list) else ():
        yield message["content"]


def _matches_query(query: Query, texts: list[list[str]]) -> bool:
    match query:
        case And(parts):
            return all(_matches_query(part, texts) for part in parts)
        case Or(parts):
            return any(_matches_query(part, texts) for part in parts)
        case Not(part):
            return not _matches_query(part, texts)
        case Phrase():
            return any(_starts_with(query, text[i:]) for text in texts for i in range(len(text)))


def _starts_with(phrase: Phrase, text: list[str]) -> bool:
    *whole, last = phrase.words
    here = text[: len(phrase.words)]
    if len(here) < len(phrase.words) or here[:-1] != whole:
        return False
    return here[-1].startswith(last) if phrase.prefix else here[-1] == last


def _matches_filter(record: ExampleRecord, condition: dict[str, Any], user: str | None) -> bool:
    scope = condition["scope"]
    if scope["entity"] != "response":
        return _any_matches(_values(record, scope), condition)
    replies = [reply for who, reply in record.replies.items() if user in (None, who)]
    if "question" in scope:
        values = [reply.values.get(scope["question"]) for reply in replies]
        return any(_any_matches(_as_list(value), condition) for value in values)
    pending = "pending" in condition["values"] and not replies
    return pending or any(reply.status in condition["values"] for reply in replies)


def _any_matches(values: list[Any], condition: dict[str, Any]) -> bool:
    return any(_value_matches(value, condition) for value in values)


def _value_matches(value: Any, condition: dict[str, Any]) -> bool:
    if condition["type"] == "terms":
        kind: Callable[[Any], Any] = str if isinstance(value, str) else float
        return value in [kind(one) for one in condition["values"]]
    low, high = condition.get("ge"), condition.get("le")
    return (low is None or value >= low) and (high is None or value <= high)


def _values(record: ExampleRecord, scope: dict[str, Any]) -> list[Any]:
    match scope:
        case {"entity": "record", "property": "status"}:
            return [record.status]
        case {"entity": "record", "property": "external_id"}:
            return [record.name]
        case {"entity": "metadata", "metadata_property": name}:
            return _as_list(record.metadata.get(name))
        case {"entity": "suggestion", "question": question, "property": name}:
            return _as_list(record.suggestions.get(question, {}).get(name))
    raise ValueError(scope)


def _key(record: ExampleRecord, order: dict[str, Any], user: str | None) -> tuple[bool, Any]:
    scope, descending = order["scope"], order["order"] == "desc"
    if scope["entity"] == "response":
        replies = [reply for who, reply in record.replies.items() if user in (None, who)]
        values = [one for reply in replies for one in _as_list(reply.values.get(scope["question"]))]
        values = (
            [sum(values) / len(values)] if values and not isinstance(values[0], str) else values
        )
    else:
        values = _values(record, scope)
    if not values:
        return (True, 0)
    best = max(values) if descending else min(values)
    if isinstance(best, str):
        # The 1 puts a word after the longer words that begin with it.
        letters = [ord(letter) for letter in best]
        return (False, [-code for code in letters] + [1] if descending else letters)
    return (False, -best if descending else best)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]

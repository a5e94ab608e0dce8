"""What the search engine must find, worked out record by record without any of its machinery.

Only the reading of a text into words and of a query into its parts is shared with it; both have
tests of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from timbre_argilla.search.query import And, Not, Or, Phrase, Query, parse
from timbre_argilla.search.words import words


@dataclass(frozen=True)
class Reply:
    """A person's response to a record."""

    status: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A record as it was uploaded."""

    name: str
    fields: dict[str, Any]
    metadata: dict[str, Any] = field(default_factory=dict)
    suggestions: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    vector: list[float] | None = None

    @property
    def status(self) -> str:
        """One submitted response completes a record."""
        done = any(reply.status == "submitted" for reply in self.replies.values())
        return "completed" if done else "pending"


@dataclass(frozen=True)
class Asked:
    """One search, in the words of Argilla's API; `user` is who asks for their own queue."""

    text: str | None = None
    field: str | None = None
    filters: tuple[dict[str, Any], ...] = ()
    sort: tuple[dict[str, Any], ...] = ()
    user: str | None = None

    def body(self) -> dict[str, Any]:
        """As Argilla is asked."""
        body: dict[str, Any] = {}
        if self.text is not None:
            body["query"] = {"text": {"q": self.text, "field": self.field}}
        if self.filters:
            body["filters"] = {"and": list(self.filters)}
        if self.sort:
            body["sort"] = list(self.sort)
        return body


def found(records: list[Made], asked: Asked) -> set[str]:
    """The names of the records that fit."""
    return {
        record.name
        for record in records
        if (asked.text is None or _has_text(record, asked))
        and all(_fits(record, one, asked.user) for one in asked.filters)
    }


def sort_keys(record: Made, asked: Asked) -> list[tuple[bool, Any]]:
    """What a record is sorted by: a smaller list comes first."""
    return [_key(record, order, asked.user) for order in asked.sort]


def _has_text(record: Made, asked: Asked) -> bool:
    query = parse(asked.text or "")
    names = [asked.field] if asked.field else list(record.fields)
    texts = [text for name in names for text in _texts(record.fields.get(name))]
    return query is not None and _matches(query, [words(text) for text in texts])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for message in value if isinstance(value, list) else ():
        yield message["content"]


def _matches(query: Query, texts: list[list[str]]) -> bool:
    match query:
        case And(parts):
            return all(_matches(part, texts) for part in parts)
        case Or(parts):
            return any(_matches(part, texts) for part in parts)
        case Not(part):
            return not _matches(part, texts)
        case Phrase():
            return any(_starts(query, text[i:]) for text in texts for i in range(len(text)))


def _starts(phrase: Phrase, text: list[str]) -> bool:
    *whole, last = phrase.words
    here = text[: len(phrase.words)]
    if len(here) < len(phrase.words) or here[:-1] != whole:
        return False
    return here[-1].startswith(last) if phrase.prefix else here[-1] == last


def _fits(record: Made, asked: dict[str, Any], user: str | None) -> bool:
    scope = asked["scope"]
    if scope["entity"] != "response":
        return _any_fits(_values(record, scope), asked)
    replies = [reply for who, reply in record.replies.items() if user in (None, who)]
    if "question" in scope:
        given = [reply.values.get(scope["question"]) for reply in replies]
        return any(_any_fits(_listed(value), asked) for value in given)
    pending = "pending" in asked["values"] and not replies
    return pending or any(reply.status in asked["values"] for reply in replies)


def _any_fits(values: list[Any], asked: dict[str, Any]) -> bool:
    return any(_one_fits(value, asked) for value in values)


def _one_fits(value: Any, asked: dict[str, Any]) -> bool:
    if asked["type"] == "terms":
        kind: Callable[[Any], Any] = str if isinstance(value, str) else float
        return value in [kind(one) for one in asked["values"]]
    low, high = asked.get("ge"), asked.get("le")
    return (low is None or value >= low) and (high is None or value <= high)


def _values(record: Made, scope: dict[str, Any]) -> list[Any]:
    match scope:
        case {"entity": "record", "property": "status"}:
            return [record.status]
        case {"entity": "record", "property": "external_id"}:
            return [record.name]
        case {"entity": "metadata", "metadata_property": name}:
            return _listed(record.metadata.get(name))
        case {"entity": "suggestion", "question": question, "property": name}:
            return _listed(record.suggestions.get(question, {}).get(name))
    raise ValueError(scope)


def _key(record: Made, order: dict[str, Any], user: str | None) -> tuple[bool, Any]:
    scope, down = order["scope"], order["order"] == "desc"
    if scope["entity"] == "response":
        replies = [reply for who, reply in record.replies.items() if user in (None, who)]
        values = [one for reply in replies for one in _listed(reply.values.get(scope["question"]))]
        values = (
            [sum(values) / len(values)] if values and not isinstance(values[0], str) else values
        )
    else:
        values = _values(record, scope)
    if not values:
        return (True, 0)
    best = max(values) if down else min(values)
    if isinstance(best, str):
        # A word's letters, turned round to go downwards; a word that goes on comes later.
        letters = [ord(letter) for letter in best]
        return (False, [-code for code in letters] + [1] if down else letters)
    return (False, -best if down else best)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]

"""The engine on both databases, compared with the naive reference on generated searches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import isclose, sqrt
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import send
from tests.reference import ExampleRecord, Reply, SearchRequest, find_matches, sort_keys

from tests.conftest import Server

WORDS = ["apple", "Äpfel", "apfel", "don't", "3.14", "東京", "京都", "タワー", "snake_case", "the"]
LABELS = ["yes", "partly", "no"]
USERS = ["ada", "bob"]
DIMENSIONS = 3

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "fields": [
        {"name": "text", "required": True, "settings": {"type": "text"}},
        {"name": "chat", "settings": {"type": "chat"}},
    ],
    "questions": [
        {
            "name": "rating",
            "settings": {"type": "rating", "options": [{"value": n} for n in range(1, 6)]},
        },
        {
            "name": "label",
            "required": True,
            "settings": {
                "type": "label_selection",
                "options": [{"value": x, "text": x} for x in LABELS],
            },
        },
        {
            "name": "labels",
            "settings": {
                "type": "multi_label_selection",
                "options": [{"value": x, "text": x} for x in LABELS],
            },
        },
    ],
    "metadata-properties": [
        {"name": "count", "settings": {"type": "integer"}},
        {"name": "share", "settings": {"type": "float"}},
        {"name": "source", "settings": {"type": "terms"}},
    ],
    "vectors-settings": [{"name": "sense", "dimensions": DIMENSIONS}],
}

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
labels = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True)
values: dict[str, st.SearchStrategy[Any]] = {
    "rating": st.integers(1, 5),
    "label": st.sampled_from(LABELS),
    "labels": labels,
}
counts = st.integers(-3, 3)
shares = st.sampled_from([0.0, 0.25, 0.5, 1.0])
sources = st.sampled_from(["a", "B", "é", "東"])


@st.composite
def suggestions(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    result: dict[str, dict[str, Any]] = {}
    for question in draw(st.sets(st.sampled_from(list(values)))):
        value = draw(values[question])
        score = [draw(shares) for _ in value] if question == "labels" else draw(shares)
        agent = draw(st.none() | st.sampled_from(["rule", "judge"]))
        result[question] = {"value": value, "score": score, "agent": agent, "type": "model"}
    return result


replies = st.builds(
    Reply,
    status=st.sampled_from(["submitted", "draft", "discarded"]),
    values=st.fixed_dictionaries(
        {"label": values["label"]}, optional={name: values[name] for name in ("rating", "labels")}
    ),
)
records = st.lists(
    st.builds(
        ExampleRecord,
        name=st.just(""),
        fields=st.fixed_dictionaries(
            {"text": texts},
            optional={
                "chat": st.lists(
                    texts.map(lambda text: {"role": "user", "content": text}),
                    min_size=1,
                    max_size=2,
                )
            },
        ),
        metadata=st.fixed_dictionaries(
            {},
            optional={
                "count": counts,
                "share": shares,
                "source": sources | st.lists(sources, min_size=1, max_size=2, unique=True),
            },
        ),
        suggestions=suggestions(),
        replies=st.dictionaries(st.sampled_from(USERS), replies),
        vector=st.none() | st.lists(st.integers(-2, 2), min_size=DIMENSIONS, max_size=DIMENSIONS),
    ),
    min_size=1,
    max_size=12,
)

signs = st.sampled_from(["", "-", "+"])
terms = st.sampled_from([*WORDS, "app*", "東*", '"apple the"', '"東京 タワー"', "(apple | the)"])
queries = st.lists(st.builds(str.__add__, signs, terms), min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([" ", " | "]).map(lambda join: join.join(parts))
)


def terms_filter(scope: dict[str, Any], of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    texts = st.lists(of.map(str), min_size=1, max_size=2)
    return texts.map(lambda values: {"type": "terms", "scope": scope, "values": values})


def range_filter(scope: dict[str, Any], of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def bounds(pair: list[Any]) -> dict[str, Any]:
        low, high = sorted(pair)
        return {"type": "range", "scope": scope, "ge": low, "le": high}

    return st.lists(of, min_size=2, max_size=2).map(bounds)


def metadata(name: str) -> dict[str, Any]:
    return {"entity": "metadata", "metadata_property": name}


def suggestion(question: str, name: str = "value") -> dict[str, Any]:
    return {"entity": "suggestion", "question": question, "property": name}


def response(question: str) -> dict[str, Any]:
    return {"entity": "response", "question": question}


STATUS = {"entity": "record", "property": "status"}
NAME = {"entity": "record", "property": "external_id"}
filters = st.one_of(
    terms_filter(STATUS, st.sampled_from(["pending", "completed"])),
    terms_filter(NAME, st.integers(0, 11).map(lambda n: f"r{n:02}")),
    terms_filter(metadata("count"), counts),
    range_filter(metadata("count"), counts),
    range_filter(metadata("share"), shares),
    terms_filter(metadata("source"), sources),
    terms_filter(suggestion("rating"), values["rating"]),
    range_filter(suggestion("rating"), values["rating"]),
    terms_filter(suggestion("label"), values["label"]),
    terms_filter(suggestion("labels"), values["label"]),
    range_filter(suggestion("label", "score"), shares),
    range_filter(suggestion("labels", "score"), shares),
    terms_filter(suggestion("label", "agent"), st.sampled_from(["rule", "judge", "nobody"])),
    terms_filter(response("rating"), values["rating"]),
    range_filter(response("rating"), values["rating"]),
    terms_filter(response("label"), values["label"]),
    terms_filter(response("labels"), values["label"]),
    terms_filter(
        {"entity": "response", "property": "status"},
        st.sampled_from(["pending", "submitted", "draft", "discarded"]),
    ),
)
orders = st.builds(
    lambda scope, order: {"scope": scope, "order": order},
    st.sampled_from(
        [
            STATUS,
            NAME,
            metadata("count"),
            metadata("share"),
            metadata("source"),
            suggestion("rating"),
            suggestion("labels"),
            suggestion("labels", "score"),
            suggestion("label", "agent"),
            response("rating"),
        ]
    ),
    st.sampled_from(["asc", "desc"]),
)
searches = st.builds(
    SearchRequest,
    text=st.none() | queries,
    field=st.sampled_from([None, None, "text", "chat"]),
    filters=st.lists(filters, max_size=3).map(tuple),
    sort=st.lists(orders, max_size=2).map(tuple),
    user=st.sampled_from([None, *USERS]),
)


@dataclass
class Place:
    """A dataset on a server, with its users."""

    server: Server
    dataset: str
    users: dict[str, httpx.Client]
    ids: dict[str, str]
    questions: dict[str, str]

    def replace(self, records: list[ExampleRecord]) -> None:
        """Replace all records of the dataset."""
        url = f"/datasets/{self.dataset}/records"
        old = self.server.request("GET", f"{url}?limit=1000")["items"]
        if old:
            ids = ",".join(record["id"] for record in old)
            self.server.request("DELETE", f"{url}?ids={ids}")
        items = [self._item(record) for record in records]
        self.server.request("PUT", f"{url}/bulk", {"items": items})

    def _item(self, record: ExampleRecord) -> dict[str, Any]:
        return {
            "external_id": record.name,
            "fields": record.fields,
            "metadata": record.metadata,
            "vectors": {"sense": record.vector} if record.vector else {},
            "suggestions": [
                {"question_id": self.questions[question], **suggestion}
                for question, suggestion in record.suggestions.items()
            ],
            "responses": [
                {
                    "user_id": self.ids[user],
                    "status": reply.status,
                    "values": {name: {"value": value} for name, value in reply.values.items()},
                }
                for user, reply in record.replies.items()
            ],
        }

    def search(self, search: SearchRequest, bounds: str = "limit=100") -> tuple[list[str], int]:
        """The names of the matching records, in order, and Argilla's total."""
        client, me = (self.users[search.user], "/me") if search.user else (self.server.client, "")
        url = f"{me}/datasets/{self.dataset}/records/search?{bounds}"
        page = send(client, "POST", url, search.body())
        return [item["record"]["external_id"] for item in page["items"]], page["total"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    home = tmp_path_factory.mktemp(request.param) / "home"
    url = ""
    if request.param == "postgresql":
        create: Callable[[str], str] = request.getfixturevalue("postgres_url")
        url = create("agreement")
    server = Server(home, database_url=url).start()
    workspace, dataset = server.create_dataset("agreement", SETTINGS)
    users = {name: server.user(name, workspace) for name in USERS}
    ids = {name: send(client, "GET", "/me")["id"] for name, client in users.items()}
    questions = server.request("GET", f"/datasets/{dataset}/questions")["items"]
    yield Place(server, dataset, users, ids, {one["name"]: one["id"] for one in questions})
    assert server.stop() == 0, server.read_log()


def add_names(records: list[ExampleRecord]) -> list[ExampleRecord]:
    return [replace(record, name=f"r{n:02}") for n, record in enumerate(records)]


@settings(max_examples=25)
@given(examples=records.map(add_names), requests=st.lists(searches, min_size=8, max_size=8))
def test_any_search_returns_the_results_of_the_reference(
    place: Place, examples: list[ExampleRecord], requests: list[SearchRequest]
) -> None:
    place.replace(examples)
    by_name = {record.name: record for record in examples}
    for search in requests:
        names, total = place.search(search)
        assert set(names) == find_matches(examples, search), search
        assert total == len(names) == len(set(names))
        keys = [sort_keys(by_name[name], search) for name in names]
        assert keys == sorted(keys), search


@settings(max_examples=10)
@given(examples=records.map(add_names), search=searches)
def test_all_pages_together_are_the_whole_result(
    place: Place, examples: list[ExampleRecord], search: SearchRequest
) -> None:
    place.replace(examples)
    whole, _ = place.search(search)
    pages = [
        name
        for offset in range(0, len(whole) + 2, 2)
        for name in place.search(search, f"limit=2&offset={offset}")[0]
    ]
    assert pages == whole


@settings(max_examples=10)
@given(
    examples=records.map(add_names),
    value=st.lists(st.integers(-2, 2), min_size=DIMENSIONS, max_size=DIMENSIONS).filter(any),
    order=st.sampled_from(["most_similar", "least_similar"]),
)
def test_a_search_by_vector_returns_the_nearest_records_first(
    place: Place, examples: list[ExampleRecord], value: list[float], order: str
) -> None:
    def cosine(other: list[float]) -> float:
        lengths = sqrt(sum(x * x for x in value)) * sqrt(sum(x * x for x in other))
        return sum(x * y for x, y in zip(value, other, strict=True)) / lengths if lengths else 0.0

    place.replace(examples)
    sign = 1 if order == "most_similar" else -1
    scores = {
        record.name: (1 + sign * cosine(record.vector)) / 2 for record in examples if record.vector
    }
    body = {"query": {"vector": {"name": "sense", "value": value, "order": order}}}
    url = f"/datasets/{place.dataset}/records/search?limit=100"
    items = place.server.request("POST", url, body)["items"]
    assert {item["record"]["external_id"] for item in items} == set(scores)
    for item in items:
        assert isclose(item["query_score"], scores[item["record"]["external_id"]], abs_tol=1e-6)
    order_of_scores = [item["query_score"] for item in items]
    assert order_of_scores == sorted(order_of_scores, reverse=True)

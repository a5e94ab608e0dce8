"""Argilla's own SDK against our server: every kind of field, question, filter and sort."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import argilla as rg
import httpx
import pytest

from annotation.argilla.connection import Connection, connect, workspace_id

PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )
).decode()
PICTURE = f"data:image/png;base64,{PIXEL}"
WORDS = ("zebra", "yacht", "walrus", "violin")


def settings(client: Any) -> rg.Settings:
    labels = ["a", "b", "c"]
    return rg.Settings(
        guidelines="Everything.",
        fields=[
            rg.TextField("text", client=client),
            rg.ChatField("chat", required=False, _client=client),
            rg.ImageField("image", required=False, _client=client),
            rg.CustomField(
                "custom",
                template="<b>{{record.fields.custom.x}}</b>",
                required=False,
                _client=client,
            ),
        ],
        questions=[
            rg.LabelQuestion("label", labels, client=client),
            rg.MultiLabelQuestion("labels", labels, required=False, client=client),
            rg.RatingQuestion("rating", [1, 2, 3, 4, 5], required=False, client=client),
            rg.RankingQuestion("ranking", labels, required=False, client=client),
            rg.TextQuestion("words", required=False, client=client),
            rg.SpanQuestion("span", field="text", labels=labels, required=False, client=client),
        ],
        metadata=[
            rg.TermsMetadataProperty("source", client=client),
            rg.IntegerMetadataProperty("number", client=client),
            rg.FloatMetadataProperty("share", client=client),
        ],
        vectors=[rg.VectorField("sense", 3, _client=client)],
    )


def metadata(n: int) -> dict[str, Any]:
    return {"source": "even" if n % 2 == 0 else "odd", "number": n, "share": n / 10}


def suggested(n: int) -> dict[str, Any]:
    return {
        "label": "abca"[n],
        "labels": ["a", "b"][: 1 + n % 2],
        "rating": n + 1,
        "ranking": ["b", "a", "c"],
        "words": WORDS[n],
        "span": [{"start": 2, "end": 2 + len(WORDS[n]), "label": "b"}],
    }


def record(n: int, user_id: Any) -> rg.Record:
    answers = {"label": "c", "rating": 5 - n, "words": "said"} if n < 2 else {}
    suggestions = [rg.Suggestion(name, value) for name, value in suggested(n).items()]
    suggestions[0] = rg.Suggestion("label", "abca"[n], score=n / 4, agent="measure")
    return rg.Record(
        id=f"r{n}",
        fields={
            "text": f"A {WORDS[n]} goes by.",
            "chat": [{"role": "user", "content": f"Who is {WORDS[n]}?"}],
            "image": PICTURE,
            "custom": {"x": n},
        },
        metadata=metadata(n),
        vectors={"sense": [1.0, float(n), 0.0]},
        suggestions=suggestions,
        responses=[
            rg.Response(name, value, user_id=user_id, status="submitted")
            for name, value in answers.items()
        ],
    )


@pytest.fixture(scope="module")
def dataset(owner: Connection) -> Iterator[rg.Dataset]:
    """Four records with values for everything; the owner has answered the first two."""
    with connect(owner) as server:
        workspace = server.client.workspaces(id=workspace_id(server))
        created = rg.Dataset(
            "all", workspace=workspace, settings=settings(server.client), client=server.client
        ).create()
        created.records.log([record(n, server.client.me.id) for n in range(4)])
        yield created


def test_logged_records_come_back(dataset: rg.Dataset) -> None:
    found = {one.id: one for one in dataset.records(with_vectors=True, with_responses=True)}
    assert sorted(found) == ["r0", "r1", "r2", "r3"]
    for n in range(4):
        one = found[f"r{n}"]
        assert one.fields["text"] == f"A {WORDS[n]} goes by."
        assert one.fields["chat"][0].content == f"Who is {WORDS[n]}?"
        assert one.fields["custom"] == {"x": n}
        assert one.metadata.to_dict() == metadata(n)
        assert one.vectors["sense"] == [1.0, float(n), 0.0]
        assert {s.question_name: s.value for s in one.suggestions} == suggested(n)
    assert [response.value for response in found["r1"].responses["rating"]] == [4]


def test_a_picture_comes_back_unchanged(dataset: rg.Dataset) -> None:
    (found,) = dataset.records(rg.Query(filter=("id", "==", "r2"))).to_list(flatten=False)
    assert found["fields"]["image"] == PICTURE


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([("metadata.source", "==", "odd")], {1, 3}),
        ([("metadata.source", "in", ["odd", "even"])], {0, 1, 2, 3}),
        ([("metadata.number", ">=", 2)], {2, 3}),
        ([("metadata.number", "<=", 1), ("metadata.source", "==", "even")], {0}),
        ([("metadata.share", ">=", 0.05), ("metadata.share", "<=", 0.2)], {1, 2}),
        ([("label.suggestion", "==", "a")], {0, 3}),
        ([("labels.suggestion", "in", ["b"])], {1, 3}),
        ([("rating.suggestion", ">=", 3)], {2, 3}),
        ([("label.score", ">=", 0.5)], {2, 3}),
        ([("label.agent", "==", "measure")], {0, 1, 2, 3}),
        ([("label.response", "==", "c")], {0, 1}),
        ([("rating.response", ">=", 5)], {0}),
        ([("response.status", "==", "submitted")], {0, 1}),
        ([("response.status", "==", "pending")], {2, 3}),
        ([("status", "==", "completed")], {0, 1}),
        ([("status", "==", "pending")], {2, 3}),
        ([("id", "in", ["r0", "r3"])], {0, 3}),
    ],
)
def test_every_filter_finds_its_records(
    dataset: rg.Dataset, conditions: list[tuple[str, str, Any]], expected: set[int]
) -> None:
    found = dataset.records(rg.Query(filter=rg.Filter(conditions))).to_list(flatten=False)
    assert {one["id"] for one in found} == {f"r{n}" for n in expected}


METADATA = {"entity": "metadata"}
SUGGESTION = {"entity": "suggestion"}


@pytest.mark.parametrize(
    ("scope", "value"),
    [
        (METADATA | {"metadata_property": "number"}, lambda n: n),
        (METADATA | {"metadata_property": "share"}, lambda n: n),
        (METADATA | {"metadata_property": "source"}, lambda n: "eoeo"[n]),
        (SUGGESTION | {"question": "rating"}, lambda n: n),
        (SUGGESTION | {"question": "label"}, lambda n: "abca"[n]),
        (SUGGESTION | {"question": "label", "property": "score"}, lambda n: n),
        ({"entity": "record", "property": "external_id"}, lambda n: n),
        ({"entity": "record", "property": "inserted_at"}, lambda n: 0),
        ({"entity": "record", "property": "updated_at"}, lambda n: 0),
    ],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_every_sort_of_the_web_ui_works(
    dataset: rg.Dataset,
    owner: Connection,
    scope: dict[str, str],
    value: Callable[[int], Any],
    order: str,
) -> None:
    # The SDK can't sort, so this is the request of the web UI.
    response = httpx.post(
        f"{owner.url}/api/v1/me/datasets/{dataset.id}/records/search",
        json={"sort": [{"scope": scope, "order": order}]},
        headers={"X-Argilla-Api-Key": owner.api_key},
    )
    names = [item["record"]["external_id"] for item in response.raise_for_status().json()["items"]]
    values = [value(int(name[1:])) for name in names]
    assert len(names) == 4
    assert values == sorted(values, reverse=order == "desc")


def test_texts_and_vectors_find_their_records(dataset: rg.Dataset) -> None:
    (found,) = dataset.records(rg.Query(query="walrus")).to_list(flatten=False)
    assert found["id"] == "r2"
    near = dataset.records(rg.Query(similar=rg.Similar("sense", [1.0, 3.0, 0.0])), limit=2)
    assert [one.id for one, _ in near] == ["r3", "r2"]

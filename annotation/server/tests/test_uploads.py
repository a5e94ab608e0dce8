"""What an upload answers: what the database holds, though it is not read back."""

from typing import Any

import pytest
from tests.made import PARTS, Listener

from tests.conftest import Server

KINDS = {
    **PARTS,
    "questions": [
        *PARTS["questions"],
        {
            "name": "stars",
            "settings": {"type": "rating", "options": [{"value": n} for n in range(1, 6)]},
        },
    ],
}


@pytest.fixture
def dataset(server: Server, request: pytest.FixtureRequest) -> str:
    _, made = server.dataset(request.node.name, KINDS)
    asked = {"name": "sense", "title": "sense", "dimensions": 2}
    server.ask("POST", f"/datasets/{made}/vectors-settings", asked)
    return made


def record(server: Server, dataset: str, name: str, **more: Any) -> dict[str, Any]:
    """A record with a vector and a suggestion for each question, the later question's first."""
    questions = {
        one["name"]: one["id"]
        for one in server.ask("GET", f"/datasets/{dataset}/questions")["items"]
    }
    suggestions = [
        {"question_id": questions["stars"], "value": 4, "score": 0.5, "agent": "judge"},
        {"question_id": questions["label"], "value": "yes"},
    ]
    made = {"external_id": name, "fields": {"text": name}, "metadata": {"source": "a"}}
    return {**made, "suggestions": suggestions, "vectors": {"sense": [0.25, -1.0]}, **more}


def answered(server: Server, own: str, value: str = "yes") -> dict[str, Any]:
    return {"user_id": own, "values": {"label": {"value": value}}, "status": "submitted"}


def upload(server: Server, dataset: str, *records: dict[str, Any], method: str = "PUT") -> Any:
    """The records that an upload answers with, once seen to be those of the database."""
    url = f"/datasets/{dataset}/records"
    found = server.ask(method, f"{url}/bulk", {"items": list(records)})["items"]
    listed = server.ask("GET", f"{url}?include=responses&include=suggestions&include=vectors")
    held = {one["id"]: one for one in listed["items"]}
    for one in found:
        assert {key: held[one["id"]].get(key) for key in one} == one
    return found


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_new_records_are_answered_as_the_database_has_them(
    server: Server, dataset: str, method: str
) -> None:
    own = server.ask("GET", "/me")["id"]
    full = record(server, dataset, "full", responses=[answered(server, own)])
    plain = record(server, dataset, "plain")
    bare = {"external_id": "bare", "fields": {"text": "bare"}}
    found = upload(server, dataset, full, plain, bare, method=method)
    assert [one["external_id"] for one in found] == ["full", "plain", "bare"]
    assert [one["status"] for one in found] == ["completed", "pending", "pending"]
    assert [len(one["responses"]) for one in found] == [1, 0, 0]
    assert [one["vectors"] for one in found] == [{"sense": [0.25, -1.0]}] * 2 + [{}]
    for one in found[:2]:
        assert [said["value"] for said in one["suggestions"]] == [4, "yes"]
    assert found[2]["suggestions"] == []


def test_records_that_were_there_keep_what_an_upload_does_not_name(
    server: Server, dataset: str
) -> None:
    own = server.ask("GET", "/me")["id"]
    old = record(server, dataset, "old", responses=[answered(server, own)])
    upload(server, dataset, old)
    changed = {"external_id": "old", "suggestions": [{**old["suggestions"][1], "value": "no"}]}
    found = upload(server, dataset, record(server, dataset, "new"), changed)
    assert [one["external_id"] for one in found] == ["new", "old"]
    assert [said["value"] for said in found[1]["suggestions"]] == [4, "no"]
    assert found[1]["vectors"] == {"sense": [0.25, -1.0]}
    assert found[1]["status"] == "completed"
    assert len(found[1]["responses"]) == 1


def test_a_wrong_record_is_refused_with_its_place_and_nothing_is_written(
    server: Server, dataset: str
) -> None:
    wrong = record(server, dataset, "wrong")
    wrong["suggestions"][0]["value"] = 9
    body = {"items": [record(server, dataset, "right"), wrong]}
    refused = server.client.put(f"/datasets/{dataset}/records/bulk", json=body)
    assert refused.status_code == 422
    assert "position 1" in refused.text
    assert server.ask("GET", f"/datasets/{dataset}/records")["items"] == []


def test_a_webhook_hears_of_each_record_that_an_upload_made(
    server: Server, dataset: str, listener: Listener
) -> None:
    asked = {"url": listener.url, "events": ["record.created"]}
    hook = server.ask("POST", "/webhooks", asked)["id"]
    upload(server, dataset, record(server, dataset, "a"), record(server, dataset, "b"))
    heard = listener.hears("record.created", times=2)
    assert sorted(one["data"]["external_id"] for one in heard) == ["a", "b"]
    assert {one["data"]["dataset"]["id"] for one in heard} == {dataset}
    server.ask("DELETE", f"/webhooks/{hook}")

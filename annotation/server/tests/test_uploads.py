"""An upload's response equals the database, although it isn't read back."""

from typing import Any

import pytest
from tests.examples import SETTINGS, Receiver

from tests.conftest import Server

RATED_SETTINGS = {
    **SETTINGS,
    "questions": [
        *SETTINGS["questions"],
        {
            "name": "stars",
            "settings": {"type": "rating", "options": [{"value": n} for n in range(1, 6)]},
        },
    ],
}


@pytest.fixture
def dataset(server: Server, request: pytest.FixtureRequest) -> str:
    _, dataset = server.create_dataset(request.node.name, RATED_SETTINGS)
    body = {"name": "sense", "title": "sense", "dimensions": 2}
    server.request("POST", f"/datasets/{dataset}/vectors-settings", body)
    return dataset


def record(server: Server, dataset: str, name: str, **more: Any) -> dict[str, Any]:
    """A record with a vector, and a suggestion for each question in reverse order."""
    questions = {
        one["name"]: one["id"]
        for one in server.request("GET", f"/datasets/{dataset}/questions")["items"]
    }
    suggestions = [
        {"question_id": questions["stars"], "value": 4, "score": 0.5, "agent": "judge"},
        {"question_id": questions["label"], "value": "yes"},
    ]
    plain = {"external_id": name, "fields": {"text": name}, "metadata": {"source": "a"}}
    return {**plain, "suggestions": suggestions, "vectors": {"sense": [0.25, -1.0]}, **more}


def response(server: Server, own: str, value: str = "yes") -> dict[str, Any]:
    return {"user_id": own, "values": {"label": {"value": value}}, "status": "submitted"}


def upload(server: Server, dataset: str, *records: dict[str, Any], method: str = "PUT") -> Any:
    """Upload records, compare the response with the database, and return its records."""
    url = f"/datasets/{dataset}/records"
    results = server.request(method, f"{url}/bulk", {"items": list(records)})["items"]
    listed = server.request("GET", f"{url}?include=responses&include=suggestions&include=vectors")
    by_id = {one["id"]: one for one in listed["items"]}
    for one in results:
        assert {key: by_id[one["id"]].get(key) for key in one} == one
    return results


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_the_response_to_new_records_equals_the_database(
    server: Server, dataset: str, method: str
) -> None:
    own = server.request("GET", "/me")["id"]
    full = record(server, dataset, "full", responses=[response(server, own)])
    plain = record(server, dataset, "plain")
    bare = {"external_id": "bare", "fields": {"text": "bare"}}
    results = upload(server, dataset, full, plain, bare, method=method)
    assert [one["external_id"] for one in results] == ["full", "plain", "bare"]
    assert [one["status"] for one in results] == ["completed", "pending", "pending"]
    assert [len(one["responses"]) for one in results] == [1, 0, 0]
    assert [one["vectors"] for one in results] == [{"sense": [0.25, -1.0]}] * 2 + [{}]
    for one in results[:2]:
        assert [suggestion["value"] for suggestion in one["suggestions"]] == [4, "yes"]
    assert results[2]["suggestions"] == []


def test_existing_records_keep_data_that_an_upload_omits(server: Server, dataset: str) -> None:
    own = server.request("GET", "/me")["id"]
    old = record(server, dataset, "old", responses=[response(server, own)])
    upload(server, dataset, old)
    changed = {"external_id": "old", "suggestions": [{**old["suggestions"][1], "value": "no"}]}
    results = upload(server, dataset, record(server, dataset, "new"), changed)
    assert [one["external_id"] for one in results] == ["new", "old"]
    assert [suggestion["value"] for suggestion in results[1]["suggestions"]] == [4, "no"]
    assert results[1]["vectors"] == {"sense": [0.25, -1.0]}
    assert results[1]["status"] == "completed"
    assert len(results[1]["responses"]) == 1


def test_an_invalid_record_is_reported_with_its_position_and_nothing_is_stored(
    server: Server, dataset: str
) -> None:
    wrong = record(server, dataset, "wrong")
    wrong["suggestions"][0]["value"] = 9
    body = {"items": [record(server, dataset, "right"), wrong]}
    answer = server.client.put(f"/datasets/{dataset}/records/bulk", json=body)
    assert answer.status_code == 422
    assert "position 1" in answer.text
    assert server.request("GET", f"/datasets/{dataset}/records")["items"] == []


def test_a_webhook_receives_an_event_for_each_new_record(
    server: Server, dataset: str, receiver: Receiver
) -> None:
    body = {"url": receiver.url, "events": ["record.created"]}
    hook = server.request("POST", "/webhooks", body)["id"]
    upload(server, dataset, record(server, dataset, "a"), record(server, dataset, "b"))
    events = receiver.wait_for("record.created", times=2)
    assert sorted(one["data"]["external_id"] for one in events) == ["a", "b"]
    assert {one["data"]["dataset"]["id"] for one in events} == {dataset}
    server.request("DELETE", f"/webhooks/{hook}")


def test_a_vector_of_another_length_is_rejected(server: Server, dataset: str) -> None:
    upload(server, dataset, record(server, dataset, "a"))
    body = {"query": {"vector": {"name": "sense", "value": [1.0, 2.0, 3.0]}}}
    answer = server.client.post(f"/datasets/{dataset}/records/search", json=body)
    assert answer.status_code == 422
    assert "3 dimensions, but" in answer.text

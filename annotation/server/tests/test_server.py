"""A running server, used over HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.examples import SETTINGS, Receiver, record_items, search, send, submit, wait_until

from tests.conftest import Server


def test_the_web_ui_is_served_with_the_api(server: Server) -> None:
    url = str(server.client.base_url).removesuffix("/api/v1/")
    page = httpx.get(f"{url}/")
    assert page.status_code == 200
    assert "<html" in page.text
    assert server.request("GET", "/version") == {"version": "2.8.0"}
    assert server.request("GET", "/status")["search_engine"] == {"name": "timbre"}


def test_only_its_owner_can_read_the_home(server: Server) -> None:
    assert server.home.stat().st_mode & 0o077 == 0
    assert (server.home / "credentials.json").stat().st_mode & 0o077 == 0


def test_a_response_changes_progress_and_searches_at_once(server: Server) -> None:
    workspace, dataset = server.create_dataset("answers", SETTINGS)
    server.upload(dataset, record_items(10))
    ada = server.user("ada", workspace)
    queue = send(ada, "POST", f"/me/datasets/{dataset}/records/search", {})["items"]
    assert len(queue) == 10
    pending = {
        "filters": {
            "and": [
                {
                    "type": "terms",
                    "scope": {"entity": "response", "property": "status"},
                    "values": ["pending"],
                }
            ]
        }
    }
    for n, item in enumerate(queue[:3], start=1):
        submit(ada, item["record"]["id"])
        left = search(ada, dataset, pending, me="/me")
        assert len(left) == 10 - n
        assert item["record"]["external_id"] not in left
    progress = server.request("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"], progress["pending"]) == (10, 3, 7)
    mine = send(ada, "GET", f"/me/datasets/{dataset}/metrics")["responses"]
    assert mine == {"total": 10, "submitted": 3, "discarded": 0, "draft": 0, "pending": 7}
    response = submit(ada, queue[3]["record"]["id"])
    send(ada, "DELETE", f"/responses/{response['id']}")
    assert len(search(ada, dataset, pending, me="/me")) == 7


def test_each_user_gets_a_stable_order_of_their_own(server: Server) -> None:
    workspace, dataset = server.create_dataset("orders", SETTINGS)
    server.upload(dataset, record_items(30))
    ada, bob = server.user("ada", workspace), server.user("bob", workspace)
    first = search(ada, dataset, me="/me")
    assert first == search(ada, dataset, me="/me")
    assert first != search(bob, dataset, me="/me")
    assert search(server.client, dataset) == [f"r{n}" for n in range(30)]


def test_a_user_gets_their_records_first_then_the_most_uncertain(server: Server) -> None:
    properties = [
        {"name": "reviewers", "settings": {"type": "terms"}},
        {"name": "uncertainty", "settings": {"type": "float"}},
    ]
    workspace, dataset = server.create_dataset(
        "due", SETTINGS | {"metadata-properties": properties}
    )
    reviewers = [["ada"], ["bob", "ada"], ["bob"], []] * 4
    uncertainty = [n / 20 if n % 5 else None for n in range(16)]
    records = [
        {
            "external_id": f"r{n}",
            "fields": {"text": "a"},
            "metadata": {"reviewers": who} | ({} if by is None else {"uncertainty": by}),
        }
        for n, (who, by) in enumerate(zip(reviewers, uncertainty, strict=True))
    ]
    server.upload(dataset, {"items": records})
    for name in ("ada", "bob"):
        client = server.user(name, workspace)
        order = [int(one[1:]) for one in search(client, dataset, me="/me")]
        keys = [(name not in reviewers[n], -(uncertainty[n] or -1)) for n in order]
        assert sorted(order) == list(range(16))
        assert keys == sorted(keys)
        by_name = {"scope": {"entity": "record", "property": "external_id"}, "order": "asc"}
        assert search(client, dataset, {"sort": [by_name]}, me="/me")[:2] == ["r0", "r1"]


def test_a_changed_record_matches_only_its_new_words(server: Server) -> None:
    _, dataset = server.create_dataset("changes", SETTINGS)
    server.upload(dataset, record_items(3))
    results = server.request("POST", f"/datasets/{dataset}/records/search", {})["items"]
    record = results[1]["record"]["id"]
    server.request("PATCH", f"/records/{record}", {"fields": {"text": "quite different"}})

    def by(text: str) -> list[str]:
        return search(server.client, dataset, {"query": {"text": {"q": text}}})

    assert by("different") == ["r1"]
    assert by("word1") == []
    server.request("DELETE", f"/datasets/{dataset}/records?ids={record}")
    assert by("different") == []
    assert search(server.client, dataset) == ["r0", "r2"]


def test_metadata_declared_after_the_upload_can_be_filtered(
    server: Server,
) -> None:
    _, dataset = server.create_dataset("late", SETTINGS)
    body = record_items(3)
    for n, item in enumerate(body["items"]):
        item["metadata"]["late"] = n
    server.upload(dataset, body)
    assert len(search(server.client, dataset)) == 3
    late = {"name": "late", "title": "late", "settings": {"type": "integer"}}
    server.request("POST", f"/datasets/{dataset}/metadata-properties", late)
    scope = {"entity": "metadata", "metadata_property": "late"}
    body = {"filters": {"and": [{"type": "range", "scope": scope, "ge": 1}]}}
    assert search(server.client, dataset, body) == ["r1", "r2"]


def test_metadata_metrics_count_terms_and_find_extremes(server: Server) -> None:
    _, dataset = server.create_dataset("metrics", SETTINGS)
    server.upload(dataset, record_items(5))
    properties = server.request("GET", f"/me/datasets/{dataset}/metadata-properties")["items"]
    ids = {one["name"]: one["id"] for one in properties}

    def metrics(name: str) -> Any:
        return server.request("GET", f"/metadata-properties/{ids[name]}/metrics")

    assert metrics("source") == {
        "type": "terms",
        "total": 5,
        "values": [{"term": "a", "count": 3}, {"term": "b", "count": 2}],
    }
    assert metrics("share") == {"type": "float", "min": 0.0, "max": 0.4}
    assert metrics("count") == {"type": "integer", "min": 0, "max": 4}


def test_times_can_be_filtered_in_the_formats_of_the_sdk(server: Server) -> None:
    _, dataset = server.create_dataset("times", SETTINGS)
    server.upload(dataset, record_items(2))
    scope = {"entity": "record", "property": "inserted_at"}

    def count(**bounds: Any) -> int:
        body = {"filters": {"and": [{"type": "range", "scope": scope, **bounds}]}}
        return len(search(server.client, dataset, body))

    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert count(ge=f"{today}T00:00:00") == 2
    assert count(ge=today, le=today) == 2
    assert count(le=today[:7]) == 2
    assert count(le="2020-12") == 0
    assert count(ge="0001", le="9999-12-31") == count(le="9999-12") == count(le="9999") == 2
    assert count(ge="0001-01-01T00:00:00+14:00") == 0
    assert count(ge=time.time() * 1000 + 60_000) == 0
    assert count(ge="no time at all") == 0


def test_users_with_default_names_or_passwords_are_rejected(server: Server) -> None:
    for name, password in (("argilla", "a long password"), ("eve", "12345678")):
        body = {"username": name, "first_name": "x", "password": password, "role": "annotator"}
        response = server.client.post("/users", json=body)
        assert response.status_code == 422
        assert "publishes" in response.text


def test_enabled_webhooks_receive_signed_events_and_disabled_ones_none(
    server: Server, receiver: Receiver
) -> None:
    workspace, dataset = server.create_dataset("hooks", SETTINGS)
    events = ["record.created", "response.created", "record.completed", "record.deleted"]
    body = {"url": receiver.url, "events": events, "description": "test"}
    hook = server.request("POST", "/webhooks", body)
    server.upload(dataset, record_items(3))
    created = receiver.wait_for("record.created", 3)
    assert {one["data"]["external_id"] for one in created} == {"r0", "r1", "r2"}
    assert all(one["signature"].startswith("v1,") for one in created)
    record = created[0]["data"]["id"]
    submit(server.user("ada", workspace), record)
    assert receiver.wait_for("response.created")[0]["data"]["record"]["id"] == record
    receiver.wait_for("record.completed")
    server.request("PATCH", f"/webhooks/{hook['id']}", {"enabled": False})
    server.request("DELETE", f"/datasets/{dataset}/records?ids={record}")
    server.request("PATCH", f"/webhooks/{hook['id']}", {"enabled": True})
    server.upload(dataset, record_items(1, "later"))
    receiver.wait_for("record.created", 4)
    assert [one for one in receiver.events if one["type"] == "record.deleted"] == []
    server.request("DELETE", f"/webhooks/{hook['id']}")


def test_a_changed_overlap_is_applied_in_the_background(server: Server) -> None:
    _, dataset = server.create_dataset("overlap", SETTINGS)
    server.upload(dataset, record_items(2))
    distribution = {"strategy": "overlap", "min_submitted": 2}
    server.request("PATCH", f"/datasets/{dataset}", {"distribution": distribution})
    progress = server.request("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"]) == (2, 0)


def test_a_failed_job_has_a_status_and_its_error_is_logged(tmp_path: Path) -> None:
    # Nobody serves this Hub, so the export fails at once and isn't retried.
    no_hub = {"HF_ENDPOINT": "http://127.0.0.1:1", "HF_HOME": str(tmp_path / "hub")}
    server = Server(tmp_path / "home", environment=no_hub).start()
    _, dataset = server.create_dataset("exported", SETTINGS)
    server.upload(dataset, record_items(3))
    body = {"name": "a/b", "subset": "c", "split": "train", "private": True, "token": "hf_x"}
    job = server.request("POST", f"/datasets/{dataset}/export", body)
    assert job["status"] == "queued"
    assert wait_until(lambda: server.request("GET", f"/jobs/{job['id']}")["status"] == "failed")
    assert f"Job {job['id']} (argilla_server.jobs.hub_jobs:export" in server.read_log()
    assert server.client.get(f"/jobs/{uuid4()}").status_code == 404
    assert server.stop() == 0


def test_concurrent_responses_and_uploads_are_all_stored(server: Server) -> None:
    workspace, dataset = server.create_dataset("busy", SETTINGS)
    server.upload(dataset, record_items(20))
    queue = server.request("POST", f"/datasets/{dataset}/records/search", {})["items"]
    people = [server.user(f"p{n}", workspace) for n in range(4)]

    def annotate(person: httpx.Client) -> None:
        for item in queue:
            submit(person, item["record"]["id"])

    def upload(_: object) -> None:
        for n in range(4):
            url = f"/datasets/{dataset}/records/bulk"
            server.request("PUT", url, record_items(25, f"upload{n}-"))

    with ThreadPoolExecutor(5) as pool:
        tasks = [pool.submit(annotate, person) for person in people]
        tasks.append(pool.submit(upload, None))
        for task in tasks:
            task.result()
    progress = server.request("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"]) == (120, 20)
    for person in people:
        mine = send(person, "GET", f"/me/datasets/{dataset}/metrics")["responses"]
        assert mine["submitted"] == 20

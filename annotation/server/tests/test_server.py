"""The whole server, as a process, over HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.made import PARTS, Listener, answer, items, search, submit, until

from tests.conftest import Server


def test_the_web_ui_is_served_with_the_api(server: Server) -> None:
    url = str(server.client.base_url).removesuffix("/api/v1/")
    page = httpx.get(f"{url}/")
    assert page.status_code == 200
    assert "<html" in page.text
    assert server.ask("GET", "/version") == {"version": "2.8.0"}
    assert server.ask("GET", "/status")["search_engine"] == {"name": "timbre"}


def test_secrets_and_database_are_for_their_owner_only(server: Server) -> None:
    assert server.home.stat().st_mode & 0o077 == 0
    assert (server.home / "credentials.json").stat().st_mode & 0o077 == 0


def test_an_annotator_answers_and_progress_and_searches_follow(server: Server) -> None:
    workspace, dataset = server.dataset("answers", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(10))
    ada = server.user("ada", workspace)
    queue = answer(ada, "POST", f"/me/datasets/{dataset}/records/search", {})["items"]
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
        # What was just answered is gone from what is left, at once.
        left = search(ada, dataset, pending, me="/me")
        assert len(left) == 10 - n
        assert item["record"]["external_id"] not in left
    progress = server.ask("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"], progress["pending"]) == (10, 3, 7)
    mine = answer(ada, "GET", f"/me/datasets/{dataset}/metrics")["responses"]
    assert mine == {"total": 10, "submitted": 3, "discarded": 0, "draft": 0, "pending": 7}
    response = submit(ada, queue[3]["record"]["id"])
    answer(ada, "DELETE", f"/responses/{response['id']}")
    assert len(search(ada, dataset, pending, me="/me")) == 7


def test_each_person_gets_an_order_of_their_own_and_always_the_same(server: Server) -> None:
    workspace, dataset = server.dataset("orders", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(30))
    ada, bob = server.user("ada", workspace), server.user("bob", workspace)
    first = search(ada, dataset, me="/me")
    assert first == search(ada, dataset, me="/me")
    assert first != search(bob, dataset, me="/me")
    assert search(server.client, dataset) == [f"r{n}" for n in range(30)]


def test_a_person_gets_what_is_theirs_first_then_what_is_least_certain(server: Server) -> None:
    properties = [
        {"name": "reviewers", "settings": {"type": "terms"}},
        {"name": "uncertainty", "settings": {"type": "float"}},
    ]
    workspace, dataset = server.dataset("due", PARTS | {"metadata-properties": properties})
    handed = [["ada"], ["bob", "ada"], ["bob"], []] * 4
    unsure = [n / 20 if n % 5 else None for n in range(16)]
    sent = [
        {
            "external_id": f"r{n}",
            "fields": {"text": "a"},
            "metadata": {"reviewers": who} | ({} if by is None else {"uncertainty": by}),
        }
        for n, (who, by) in enumerate(zip(handed, unsure, strict=True))
    ]
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", {"items": sent})
    for name in ("ada", "bob"):
        client = server.user(name, workspace)
        found = [int(one[1:]) for one in search(client, dataset, me="/me")]
        keys = [(name not in handed[n], -(unsure[n] or -1)) for n in found]
        assert sorted(found) == list(range(16))
        assert keys == sorted(keys)
        down = {"sort": [{"scope": {"entity": "record", "property": "external_id"},
                          "order": "asc"}]}  # fmt: skip
        assert search(client, dataset, down, me="/me")[:2] == ["r0", "r1"]


def test_a_record_is_found_by_its_new_words_only_once_they_changed(server: Server) -> None:
    _, dataset = server.dataset("changes", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(3))
    found = server.ask("POST", f"/datasets/{dataset}/records/search", {})["items"]
    record = found[1]["record"]["id"]
    server.ask("PATCH", f"/records/{record}", {"fields": {"text": "quite different"}})

    def by(text: str) -> list[str]:
        return search(server.client, dataset, {"query": {"text": {"q": text}}})

    assert by("different") == ["r1"]
    assert by("word1") == []
    server.ask("DELETE", f"/datasets/{dataset}/records?ids={record}")
    assert by("different") == []
    assert search(server.client, dataset) == ["r0", "r2"]


def test_metadata_can_be_searched_by_that_was_declared_after_the_records_came(
    server: Server,
) -> None:
    _, dataset = server.dataset("late", PARTS)
    body = items(3)
    for n, item in enumerate(body["items"]):
        item["metadata"]["late"] = n
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", body)
    assert len(search(server.client, dataset)) == 3
    late = {"name": "late", "title": "late", "settings": {"type": "integer"}}
    server.ask("POST", f"/datasets/{dataset}/metadata-properties", late)
    scope = {"entity": "metadata", "metadata_property": "late"}
    asked = {"filters": {"and": [{"type": "range", "scope": scope, "ge": 1}]}}
    assert search(server.client, dataset, asked) == ["r1", "r2"]


def test_metadata_are_counted_for_the_filters_that_the_ui_offers(server: Server) -> None:
    _, dataset = server.dataset("metrics", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(5))
    found = server.ask("GET", f"/me/datasets/{dataset}/metadata-properties")["items"]
    ids = {one["name"]: one["id"] for one in found}

    def metrics(name: str) -> Any:
        return server.ask("GET", f"/metadata-properties/{ids[name]}/metrics")

    assert metrics("source") == {
        "type": "terms",
        "total": 5,
        "values": [{"term": "a", "count": 3}, {"term": "b", "count": 2}],
    }
    assert metrics("share") == {"type": "float", "min": 0.0, "max": 0.4}
    assert metrics("count") == {"type": "integer", "min": 0, "max": 4}


def test_times_can_be_filtered_by_as_the_sdk_writes_them(server: Server) -> None:
    _, dataset = server.dataset("times", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(2))
    scope = {"entity": "record", "property": "inserted_at"}

    def since(**bounds: Any) -> int:
        asked = {"filters": {"and": [{"type": "range", "scope": scope, **bounds}]}}
        return len(search(server.client, dataset, asked))

    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert since(ge=f"{today}T00:00:00") == 2
    assert since(ge=today, le=today) == 2
    assert since(le=today[:7]) == 2
    assert since(le="2020-12") == 0
    assert since(ge="0001", le="9999-12-31") == since(le="9999-12") == since(le="9999") == 2
    assert since(ge="0001-01-01T00:00:00+14:00") == 0
    assert since(ge=time.time() * 1000 + 60_000) == 0
    assert since(ge="no time at all") == 0


def test_users_cannot_be_made_with_what_argilla_publishes(server: Server) -> None:
    for name, password in (("argilla", "a long password"), ("eve", "12345678")):
        body = {"username": name, "first_name": "x", "password": password, "role": "annotator"}
        refused = server.client.post("/users", json=body)
        assert refused.status_code == 422
        assert "publishes" in refused.text


def test_webhooks_hear_signed_what_happens_and_are_not_told_when_disabled(
    server: Server, listener: Listener
) -> None:
    workspace, dataset = server.dataset("hooks", PARTS)
    events = ["record.created", "response.created", "record.completed", "record.deleted"]
    body = {"url": listener.url, "events": events, "description": "test"}
    hook = server.ask("POST", "/webhooks", body)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(3))
    created = listener.hears("record.created", 3)
    assert {one["data"]["external_id"] for one in created} == {"r0", "r1", "r2"}
    assert all(one["signature"].startswith("v1,") for one in created)
    record = created[0]["data"]["id"]
    submit(server.user("ada", workspace), record)
    assert listener.hears("response.created")[0]["data"]["record"]["id"] == record
    listener.hears("record.completed")
    server.ask("PATCH", f"/webhooks/{hook['id']}", {"enabled": False})
    server.ask("DELETE", f"/datasets/{dataset}/records?ids={record}")
    server.ask("PATCH", f"/webhooks/{hook['id']}", {"enabled": True})
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(1, "later"))
    listener.hears("record.created", 4)
    assert [one for one in listener.heard if one["type"] == "record.deleted"] == []
    server.ask("DELETE", f"/webhooks/{hook['id']}")


def test_a_change_of_the_overlap_is_worked_through_in_the_background(server: Server) -> None:
    _, dataset = server.dataset("overlap", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(2))
    distribution = {"strategy": "overlap", "min_submitted": 2}
    server.ask("PATCH", f"/datasets/{dataset}", {"distribution": distribution})
    progress = server.ask("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"]) == (2, 0)


def test_a_job_can_be_asked_about_and_what_it_failed_of_is_in_the_log(tmp_path: Path) -> None:
    # A hub that nobody serves, so that the export fails at once and for good.
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:1", "HF_HOME": str(tmp_path / "hub")}
    server = Server(tmp_path / "home", environment=nowhere).start()
    _, dataset = server.dataset("exported", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(3))
    body = {"name": "a/b", "subset": "c", "split": "train", "private": True, "token": "hf_x"}
    job = server.ask("POST", f"/datasets/{dataset}/export", body)
    assert job["status"] == "queued"
    assert until(lambda: server.ask("GET", f"/jobs/{job['id']}")["status"] == "failed")
    assert f"Job {job['id']} (argilla_server.jobs.hub_jobs:export" in server.log()
    assert server.client.get(f"/jobs/{uuid4()}").status_code == 404
    assert server.end() == 0


def test_annotators_and_an_upload_at_once_lose_nothing(server: Server) -> None:
    workspace, dataset = server.dataset("busy", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(20))
    found = server.ask("POST", f"/datasets/{dataset}/records/search", {})["items"]
    people = [server.user(f"p{n}", workspace) for n in range(4)]

    def annotate(person: httpx.Client) -> None:
        for item in found:
            submit(person, item["record"]["id"])

    def upload(_: object) -> None:
        for n in range(4):
            url = f"/datasets/{dataset}/records/bulk"
            server.ask("PUT", url, items(25, f"upload{n}-"))

    with ThreadPoolExecutor(5) as pool:
        done = [pool.submit(annotate, person) for person in people]
        done.append(pool.submit(upload, None))
        for one in done:
            one.result()
    progress = server.ask("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"]) == (120, 20)
    for person in people:
        mine = answer(person, "GET", f"/me/datasets/{dataset}/metrics")["responses"]
        assert mine["submitted"] == 20

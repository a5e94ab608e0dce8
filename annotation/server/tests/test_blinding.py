"""Annotators get only their own responses and visible metadata, by any route."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.examples import send
from tests.routes import ADAS_COMMENT, METADATA, Example, create_example

from tests.conftest import Server

HIDDEN = [ADAS_COMMENT, *map(str, METADATA.values())]
SECRETS = [*HIDDEN, '"ada"']


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """A server of its own, because one of the tests deletes and changes what it can."""
    server = Server(tmp_path_factory.mktemp("blinding") / "home").start()
    yield create_example(server)
    assert server.stop() == 0, server.read_log()


def search(client: httpx.Client, example: Example, **body: Any) -> httpx.Response:
    (dataset,) = example.ids["dataset_id"]
    return client.post(f"/me/datasets/{dataset}/records/search", json=body)


def searches_by(name: str, value: Any) -> list[dict[str, Any]]:
    """Search requests that use a metadata property: two filters and a sort."""
    scope = {"entity": "metadata", "metadata_property": name}
    return [
        {"filters": {"and": [{"type": "terms", "scope": scope, "values": [str(value)]}]}},
        {"filters": {"and": [{"type": "range", "scope": scope, "ge": value}]}},
        {"sort": [{"scope": scope, "order": "asc"}]},
    ]


@pytest.mark.parametrize("name", ["term", "number", "share"])
def test_hidden_metadata_cant_be_used_to_find_records(example: Example, name: str) -> None:
    value = METADATA[name]
    pairs = zip(searches_by(name, value), searches_by("unknown", value), strict=True)
    for hidden, unknown in pairs:
        rejection = search(example.bob, example, **hidden)
        assert rejection.status_code == 422
        expected = search(example.bob, example, **unknown).text
        assert rejection.text.replace(f"name={name}", "name=unknown") == expected
        assert search(example.server.client, example, **hidden).json()["total"] == 1


def test_visible_metadata_can_be_filtered_and_is_returned(example: Example) -> None:
    for body in searches_by("source", "a"):
        assert search(example.bob, example, **body).json()["total"] == 1
    (item,) = search(example.bob, example).json()["items"]
    assert item["record"]["metadata"] == {"source": "a"}
    (record,) = example.ids["record_id"]
    assert send(example.bob, "GET", f"/records/{record}")["metadata"] == {"source": "a"}


def test_filters_by_responses_use_only_own_ones(example: Example) -> None:
    scope = {"entity": "response", "question": "label"}
    for value, total in (("no", 0), ("yes", 1)):
        by_label = {"type": "terms", "scope": scope, "values": [value]}
        assert search(example.bob, example, filters={"and": [by_label]}).json()["total"] == total


def test_progress_shows_only_oneself(example: Example) -> None:
    (dataset,) = example.ids["dataset_id"]
    for path in (f"/datasets/{dataset}/progress", f"/datasets/{dataset}/users/progress"):
        users = send(example.bob, "GET", path)["users"]
        assert [one["username"] for one in users] == ["bob"]
        everyone = example.server.request("GET", path)["users"]
        assert [one["username"] for one in everyone] == ["ada", "bob"]


def test_an_admin_gets_everything(example: Example) -> None:
    server = example.server
    body = {"username": "eve", "first_name": "Eve", "password": "eves password", "role": "admin"}
    user = server.request("POST", "/users", body)
    (workspace,) = example.ids["workspace_id"]
    server.request("POST", f"/workspaces/{workspace}/users", {"user_id": user["id"]})
    key = {"X-Argilla-Api-Key": user["api_key"]}
    (record,) = example.ids["record_id"]
    with httpx.Client(base_url=server.client.base_url, headers=key) as eve:
        text = eve.get(f"/records/{record}").text
    assert [one for one in HIDDEN if one not in text] == []


def test_no_route_returns_others_responses_or_hidden_metadata(example: Example) -> None:
    revealed = set()
    for call in example.calls(example.bodies()):
        response = call.send(example.bob)
        assert response.status_code in {200, 201, 403, 404, 409}, call
        revealed |= {(call.url, one) for one in SECRETS if one in response.text}
    assert revealed == set()


def test_the_owner_can_open_reviews(tmp_path: Path) -> None:
    opened = {"TIMBRE_ARGILLA_OPEN_REVIEWS": "1"}
    server = Server(tmp_path / "home", environment=opened).start()
    example = create_example(server)
    revealed = set()
    for call in example.calls(example.bodies()):
        if call.method == "GET" or call.path.endswith("/search"):
            text = call.send(example.bob).text
            revealed |= {one for one in SECRETS if one in text}
    assert revealed == set(SECRETS)
    for body in searches_by("term", METADATA["term"]):
        assert search(example.bob, example, **body).json()["total"] == 1
    assert server.stop() == 0

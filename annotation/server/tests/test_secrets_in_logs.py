"""The log contains no password, key or token of any request, valid or not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.examples import wait_until
from tests.routes import Call, Example, create_example

from tests.conftest import Server

MARK = "hush-hush"
SECRET_KEYS = ("username", "password", "url", "token", "api_key", "secret")


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Example]:
    # Exports and imports fail.
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    server = Server(tmp_path / "home", environment=offline).start()
    yield create_example(server)
    server.stop()


def secret_bodies(url: str) -> dict[str, Any]:
    """Valid bodies with secrets, for the routes that take some."""
    user = {"username": "new", "first_name": "New", "role": "annotator"}
    hub = {"name": "a/b", "subset": "c", "split": "train", "private": True}
    return {
        "POST /token": {"username": "ada", "password": MARK},
        "POST /users": user | {"password": f"{MARK} for a new user"},
        "PATCH /users/{user_id}": {"password": f"{MARK} for a user"},
        "POST /webhooks": {"url": url, "events": ["record.created"]},
        "PATCH /webhooks/{webhook_id}": {"url": url, "events": ["record.updated"]},
        "POST /datasets/{dataset_id}/export": hub | {"token": f"hf_{MARK}"},
    }


def invalid_bodies(body: Any) -> Iterator[Any]:
    """The body with the mark in secrets of wrong types, in unknown keys, and around it."""
    values = (MARK, [MARK], MARK * 20)
    for name in SECRET_KEYS:
        yield from ({**(body or {}), name: value} for value in values)
    yield [body, MARK]
    yield MARK


def send_invalid(call: Call, client: httpx.Client) -> Iterator[httpx.Response]:
    for name in ("code", "state", "token", "include", "ids", "limit"):
        separator = "&" if "?" in call.url else "?"
        yield client.request(call.method, f"{call.url}{separator}{name}={MARK}")
    if call.method in {"GET", "DELETE"}:
        return
    for body in invalid_bodies(call.body):
        yield client.request(call.method, call.url, json=body)
    for text in (f'{{"password": "{MARK}"', f"password={MARK}&username={MARK}"):
        yield client.request(call.method, call.url, content=text)
    yield client.request(call.method, call.url, data={"password": MARK, "token": MARK})


def send_unauthorized(call: Call, client: httpx.Client) -> None:
    for header in (
        {"X-Argilla-Api-Key": MARK},
        {"Authorization": f"Bearer {MARK}"},
    ):
        headers = {"X-Argilla-Api-Key": ""} | header
        assert call.send(client, headers=headers).status_code != 500


def test_the_log_contains_no_secret_of_any_request(example: Example) -> None:
    server = example.server
    origin = str(server.client.base_url).removeprefix("http://")
    # This server is the webhooks' receiver, and responds that there is no such page.
    secrets = secret_bodies(f"http://user:{MARK}@{origin}{MARK}?token={MARK}")
    bodies = example.bodies() | secrets
    server.request("POST", "/webhooks", secrets["POST /webhooks"])
    succeeded = set()
    # Without kept connections, because the server closes them after an internal error.
    with httpx.Client(
        base_url=server.client.base_url,
        headers=server.client.headers,
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=60,
    ) as client:
        for call in example.calls(bodies):
            send_unauthorized(call, client)
            responses = [*send_invalid(call, client), call.send(client)]
            if any(response.is_success for response in responses):
                succeeded.add(f"{call.method} {call.path}")
    assert secrets.keys() - succeeded == {"POST /token"}
    assert wait_until(lambda: server.read_log().count("failed and won't be retried") >= 2)
    log = server.read_log()
    assert "Invalid request" in log
    assert "notify_event_job) failed" in log
    assert "export_dataset_to_hub_job) failed" in log
    tokens = [str(one.headers["Authorization"]).split()[1] for one in (example.ada, example.bob)]
    for secret in (MARK, "the password of", server.client.headers["X-Argilla-Api-Key"], *tokens):
        assert [line for line in log.splitlines() if secret in line] == []

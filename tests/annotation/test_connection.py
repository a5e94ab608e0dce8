"""What goes wrong on the way to a server is said in one sentence."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from annotation.connection import Connection, connect
from annotation.errors import AnnotationError


@contextmanager
def answering(answers: dict[str, tuple[int, str]]) -> Iterator[str]:
    """A server on loopback that gives each path its status and body, and 404 otherwise."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, "nothing here"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(url: str, **more: str) -> str:
    with pytest.raises(AnnotationError) as caught, connect(Connection(url, "key", **more)):
        pass
    return str(caught.value)


VERSION = "/api/v1/version"
ME = json.dumps({"username": "ann", "role": "owner", "id": "5b1f5b64-0d3c-4a61-9bb8-0c2d8f2c6a10"})


def test_an_unreachable_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "found no server at" in refusal(f"http://127.0.0.1:{port}")
    assert "timbre review serve" in refusal(f"http://127.0.0.1:{port}")


def test_an_address_that_is_none() -> None:
    assert "found no server at" in refusal("localhost without a scheme")


def test_a_server_that_is_no_argilla() -> None:
    with answering({VERSION: (200, "<html>")}) as url:
        assert "something other than Argilla" in refusal(url)
    with answering({}) as url:
        assert "something other than Argilla" in refusal(url)


def test_another_version() -> None:
    for version in ("1.29.0", "2.80.1"):
        with answering({VERSION: (200, json.dumps({"version": version}))}) as url:
            assert f"found Argilla {version}" in refusal(url)


def test_a_key_that_is_not_taken() -> None:
    answers = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (401, '{"detail": "Could not validate credentials"}'),
    }
    with answering(answers) as url:
        assert "does not take the API key" in refusal(url)


def test_a_workspace_that_is_not_open_to_the_user() -> None:
    answers = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (200, ME),
        "/api/v1/me/workspaces": (200, '{"items": [{"id": "1", "name": "other"}]}'),
    }
    with answering(answers) as url:
        said = refusal(url, workspace="mine")
        assert "found the workspaces other" in said
        assert "expected “mine”" in said


def test_a_server_that_fails_in_the_midst_is_named_with_what_it_says() -> None:
    answers = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (200, ME),
        "/api/v1/me/workspaces": (500, "out of disk"),
    }
    with answering(answers) as url:
        assert "500: out of disk" in refusal(url)


def test_an_error_is_one_sentence() -> None:
    with answering({VERSION: (200, '{"version": "1.0.0"}')}) as url:
        said = refusal(url)
    assert "\n" not in said
    assert not said.endswith(".")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"detail": "no such dataset"}', "(422: no such dataset)"),
        (
            '{"detail": {"code": "x", "params": {"errors": [{"loc": ["body", "name"], '
            '"msg": "too short", "input": "a secret"}]}}}',
            "(422: body name: too short)",
        ),
        (
            '{"detail": {"code": "x", "params": {"message": "broken", "type": "y"}}}',
            "(422: broken)",
        ),
        ('{"code": "missing_vector", "message": "none"}', '"message": "none"'),
        (f"<html>\n<p>{'a' * 1000}", f"(422: <html> <p>{'a' * 290})"),
    ],
)
def test_a_refusal_is_told_in_its_own_words(body: str, said: str) -> None:
    answers = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (200, ME),
        "/api/v1/me/workspaces": (422, body),
    }
    with answering(answers) as url:
        assert said in refusal(url)

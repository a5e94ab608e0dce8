"""Connection errors: what each one says."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from annotation.argilla.connection import Connection, connect
from annotation.errors import AnnotationError


@contextmanager
def server_with(responses: dict[str, tuple[int, str]]) -> Iterator[str]:
    """A local server with a status and body for each path, and 404 for all others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = responses.get(self.path, (404, "nothing here"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def error_of(url: str, **more: str) -> str:
    with pytest.raises(AnnotationError) as caught, connect(Connection(url, "key", **more)):
        pass
    return str(caught.value)


VERSION = "/api/v1/version"
ME = json.dumps({"username": "ann", "role": "owner", "id": "5b1f5b64-0d3c-4a61-9bb8-0c2d8f2c6a10"})


def test_an_unreachable_server_is_reported() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "No server responds at" in error_of(f"http://127.0.0.1:{port}")
    assert "timbre review serve" in error_of(f"http://127.0.0.1:{port}")


def test_an_invalid_address_is_reported() -> None:
    assert "No server responds at" in error_of("localhost without a scheme")


def test_another_kind_of_server_is_rejected() -> None:
    with server_with({VERSION: (200, "<html>")}) as url:
        assert "isn't an Argilla server" in error_of(url)
    with server_with({}) as url:
        assert "isn't an Argilla server" in error_of(url)


def test_another_version_is_rejected() -> None:
    for version in ("1.29.0", "2.80.1"):
        with server_with({VERSION: (200, json.dumps({"version": version}))}) as url:
            assert f"runs Argilla {version}" in error_of(url)


def test_a_wrong_key_is_reported() -> None:
    responses = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (401, '{"detail": "Could not validate credentials"}'),
    }
    with server_with(responses) as url:
        assert "rejected the API key" in error_of(url)


def test_a_hidden_workspace_is_reported() -> None:
    responses = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (200, ME),
        "/api/v1/me/workspaces": (200, '{"items": [{"id": "1", "name": "other"}]}'),
    }
    with server_with(responses) as url:
        message = error_of(url, workspace="mine")
        assert "has no access to the workspace “mine”" in message
        assert "(available workspaces: other)" in message


def test_a_failing_server_is_quoted() -> None:
    responses = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (200, ME),
        "/api/v1/me/workspaces": (500, "out of disk"),
    }
    with server_with(responses) as url:
        assert "500: out of disk" in error_of(url)


def test_errors_are_short_and_say_what_to_do() -> None:
    with server_with({VERSION: (200, '{"version": "1.0.0"}')}) as url:
        message = error_of(url)
    assert "\n" not in message
    assert len(message) < 200
    assert "Upgrade that server" in message


@pytest.mark.parametrize(
    ("body", "quote"),
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
def test_argillas_reason_is_quoted(body: str, quote: str) -> None:
    responses = {
        VERSION: (200, '{"version": "2.8.0"}'),
        "/api/v1/me": (200, ME),
        "/api/v1/me/workspaces": (422, body),
    }
    with server_with(responses) as url:
        assert quote in error_of(url)

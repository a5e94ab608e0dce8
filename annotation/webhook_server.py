"""A small HTTP server that receives Argilla's webhooks and reports which records they name."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from annotation.errors import AnnotationError
from annotation.webhooks import ChangedRecord, parse_event

MAX_EVENT_BYTES = 64 * 1024 * 1024
"""Larger events are rejected; a record's texts may be long, but not this long."""
TIMEOUT_SECONDS = 60
"""How long a sender may take for the next part of an event."""

ChangeCallback = Callable[[ChangedRecord], None]


class WebhookServer(ThreadingHTTPServer):
    """Accepts signed events until it is closed, and answers any others with status 400.

    Until `secret` is set it answers 503, after which Argilla sends an event again.
    """

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], on_change: ChangeCallback, on_error: Callable[[str], None]
    ):
        """Listen at an address; `on_error` receives one sentence for each event that is dropped."""
        self.secret = ""
        self.on_change = on_change
        self.on_error = on_error
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a lost connection in one sentence; our own faults keep their traceback."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)
            return
        self.on_error(
            f"The connection broke in the middle of an event ({error}). Argilla sends it again; "
            "otherwise the next full pull gets its review."
        )


class _Handler(BaseHTTPRequestHandler):
    server: WebhookServer
    timeout = TIMEOUT_SECONDS

    def do_POST(self) -> None:
        """Receive an event."""
        self.send_response(self._receive())
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the callbacks report what matters."""

    def _receive(self) -> HTTPStatus:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_EVENT_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = self.rfile.read(int(length))
        if not self.server.secret:
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            record = parse_event(dict(self.headers.items()), body, self.server.secret)
        except AnnotationError as error:
            self.server.on_error(str(error))
            return HTTPStatus.BAD_REQUEST
        self.server.on_change(record)
        return HTTPStatus.NO_CONTENT


@contextmanager
def serve_webhooks(
    host: str, port: int, on_change: ChangeCallback, on_error: Callable[[str], None]
) -> Iterator[WebhookServer]:
    """A webhook server that runs in a thread; port 0 takes a free one.

    Raises `AnnotationError` if the address can't be used.
    """
    try:
        server = WebhookServer((host, port), on_change, on_error)
    except OSError as error:
        raise AnnotationError(
            f"Can't listen on {host} port {port}: {error.strerror}. Choose another port, or 0 for "
            "any free one."
        ) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

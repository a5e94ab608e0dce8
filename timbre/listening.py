"""A small HTTP server that hears Argilla's webhooks and hands on which records they name."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from annotation.errors import AnnotationError
from annotation.webhooks import Touched, receive
from timbre.settings import SettingsError

LONGEST = 64 * 1024 * 1024
"""The longest event that is read, in bytes: a record's texts may be long, but not so long."""

SECONDS = 60
"""How long a sender may take for the next piece of an event."""

Heard = Callable[[Touched], None]


class Listener(ThreadingHTTPServer):
    """Takes signed events until it is closed; others are answered with 400 and dropped."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], heard: Heard, refused: Callable[[str], None]):
        """Listen at an address; `refused` is told in a sentence why an event was dropped."""
        self.secret = ""
        self.heard = heard
        self.refused = refused
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of an event whose sender went away; a fault of our own keeps its traceback."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)
            return
        self.refused(
            f"found an event that broke off ({error}), expected a whole one; Argilla sends it "
            "again, and the next pull finds what it does not"
        )


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    timeout = SECONDS

    def do_POST(self) -> None:
        """Take an event."""
        self.send_response(self._take())
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what is heard is told by whoever listens."""

    def _take(self) -> HTTPStatus:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LONGEST:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = self.rfile.read(int(length))
        if not self.server.secret:
            # Argilla tries again when the secret is known.
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            touched = receive(dict(self.headers.items()), body, self.server.secret)
        except AnnotationError as error:
            self.server.refused(str(error))
            return HTTPStatus.BAD_REQUEST
        self.server.heard(touched)
        return HTTPStatus.NO_CONTENT


@contextmanager
def listening(
    host: str, port: int, heard: Heard, refused: Callable[[str], None]
) -> Iterator[Listener]:
    """A listener that serves in a thread of its own.

    Raises `SettingsError` if the address cannot be listened at.
    """
    try:
        listener = Listener((host, port), heard, refused)
    except OSError as error:
        raise SettingsError(
            f"found that {host} port {port} cannot be listened at ({error.strerror}), expected a "
            "free one; choose another port, or 0 for any that is free"
        ) from error
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()

"""Receive Argilla's webhooks: signed events about records whose answers may have changed.

An event is only used to decide which record to pull, so it doesn't matter if events are repeated or
arrive out of order.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from annotation.argilla.connection import Connection, connect
from annotation.errors import AnnotationError

EVENTS = ("response.created", "response.updated", "response.deleted", "record.deleted")
MAX_EVENT_BYTES = 64 * 1024 * 1024
"""The maximum size of an event in bytes. No record contains this much text."""
TIMEOUT_SECONDS = 60
"""The seconds to wait for the next part of an event."""


@dataclass(frozen=True)
class ChangedRecord:
    """A record in Argilla whose answers may have changed.

    `record` is the record's id in Argilla, and `subject` is its external id.
    """

    workspace: str
    dataset: str
    record: str
    subject: str


ChangeCallback = Callable[[ChangedRecord], None]


@contextmanager
def registered_webhook(connection: Connection, url: str, name: str) -> Iterator[str]:
    """Register a webhook for a `with` block, and yield the secret that signs its events.

    The Argilla server must be able to reach `url`. A webhook that already has this name is
    replaced.

    Raises `AnnotationError` if the connected user isn't an owner or Argilla rejects the URL.
    """
    with connect(connection) as server:
        for existing in server.get("webhooks")["items"]:
            if existing["description"] == name:
                server.delete(f"webhooks/{existing['id']}")
        webhook = server.post("webhooks", {"url": url, "events": EVENTS, "description": name})
    try:
        yield str(webhook["secret"])
    finally:
        # If Argilla is unreachable, the webhook stays until the next one with this name replaces
        # it.
        with suppress(AnnotationError), connect(connection) as server:
            if webhook["id"] in {existing["id"] for existing in server.get("webhooks")["items"]}:
                server.delete(f"webhooks/{webhook['id']}")


class WebhookServer(ThreadingHTTPServer):
    """A server that accepts signed webhook events until it is closed.

    Requests that aren't valid events are rejected with status 400. Until `secret` is set, the
    server responds with status 503, so that Argilla sends the event again later.
    """

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], on_change: ChangeCallback, on_error: Callable[[str], None]
    ):
        """Listen at an address, passing changed records to `on_change` and errors to `on_error`."""
        self.secret = ""
        self.on_change = on_change
        self.on_error = on_error
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a lost connection to `on_error`, and print the traceback of any other error."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)
            return
        self.on_error(
            f"The connection was lost during an event ({error}). Argilla will send it again, or "
            "the next full pull will get the review."
        )


class _Handler(BaseHTTPRequestHandler):
    server: WebhookServer
    timeout = TIMEOUT_SECONDS

    def do_POST(self) -> None:
        """Handle a POST request that contains an event."""
        self.send_response(self._receive())
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, because the callbacks already report all changes and errors."""

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
    """Run a webhook server in a thread; if the port is 0, any free port is used.

    Raises `AnnotationError` if the server can't listen at this address.
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


def parse_event(headers: Mapping[str, str], body: bytes, secret: str) -> ChangedRecord:
    """Verify the signature of a webhook event, and return the record that the event is about.

    Raises `AnnotationError` if the event wasn't signed with this secret in the last five minutes or
    doesn't name a record.
    """
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
        data = json.loads(body)["data"]
        # A response's event contains its record; a record's event is the record.
        record = data.get("record", data)
        dataset = record["dataset"]
        return ChangedRecord(
            workspace=str(dataset["workspace"]["name"]),
            dataset=str(dataset["name"]),
            record=str(record["id"]),
            subject=str(record["external_id"] or record["id"]),
        )
    except WebhookVerificationError as error:
        raise AnnotationError(
            f"Rejected an event with an invalid signature ({error}). If Argilla sent it, make sure "
            "that the clocks of the two machines agree, then restart `timbre review watch`."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnnotationError(
            f"Rejected an invalid event ({type(error).__name__}). Check that the webhook in "
            f"Argilla sends only {', '.join(EVENTS)}."
        ) from error

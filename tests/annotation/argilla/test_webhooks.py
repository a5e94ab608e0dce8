"""Webhook events: which are accepted, what they name, and how a broken connection is reported."""

import socket
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from annotation.argilla.webhooks import ChangedRecord, parse_event, serve_webhooks
from annotation.errors import AnnotationError

BODY = (
    b'{"type": "response.created", "data": {"record": {"id": "r", "external_id": null, '
    b'"dataset": {"name": "d", "workspace": {"name": "w"}}}}}'
)
SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


def sign(body: bytes, at: datetime | None = None) -> dict[str, str]:
    moment = at or datetime.now(UTC)
    signature = Webhook(SECRET).sign("m", moment, body.decode())
    return {
        "Webhook-Id": "m",
        "Webhook-Timestamp": str(int(moment.timestamp())),
        "Webhook-Signature": signature,
    }


def until(condition: Callable[[], bool]) -> bool:
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_signed_event_names_its_record() -> None:
    assert parse_event(sign(BODY), BODY, SECRET) == ChangedRecord("w", "d", "r", "r")


@pytest.mark.parametrize(
    ("signature_of", "minutes", "body", "match"),
    [
        (None, 0, BODY, "invalid signature"),
        (BODY, 0, BODY + b" ", "invalid signature"),
        (BODY, 6, BODY, "too old"),
        (b"{}", 0, b"{}", "an invalid event"),
        (b'{"data": {"id": "x"}}', 0, b'{"data": {"id": "x"}}', "an invalid event"),
        (b"no json", 0, b"no json", "an invalid event"),
    ],
)
def test_any_other_event_is_rejected(
    signature_of: bytes | None, minutes: int, body: bytes, match: str
) -> None:
    sent = datetime.now(UTC) - timedelta(minutes=minutes)
    headers = {} if signature_of is None else sign(signature_of, sent)
    with pytest.raises(AnnotationError, match=match):
        parse_event(headers, body, SECRET)


def test_broken_connection_is_reported() -> None:
    errors: list[str] = []
    with serve_webhooks("127.0.0.1", 0, lambda _: None, errors.append) as server:
        sender = socket.create_connection(("127.0.0.1", server.server_port))
        sender.sendall(b"POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf")
        # Without lingering, closing resets the connection.
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sender.close()
        assert until(lambda: bool(errors))
    assert errors[0].startswith("The connection was lost during an event")

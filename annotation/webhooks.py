"""Argilla's webhooks: signed events that name a record whose answers may have changed.

We use an event only to know which record to pull. So the order of events, duplicates and
whatever else they hold don't matter.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from annotation.connection import Connection, connect
from annotation.errors import AnnotationError

EVENTS = ("response.created", "response.updated", "response.deleted", "record.deleted")


@dataclass(frozen=True)
class ChangedRecord:
    """A record whose answers may have changed: its place, its id in Argilla and its subject."""

    workspace: str
    dataset: str
    record: str
    subject: str


@contextmanager
def registered_webhook(connection: Connection, url: str, name: str) -> Iterator[str]:
    """Register a webhook for the duration of a block, and yield the secret that signs its events.

    Argilla must be able to reach the URL. A webhook that was left under this name is replaced.

    Raises `AnnotationError` if the connection isn't an owner's, or Argilla rejects the URL.
    """
    with connect(connection) as server:
        for existing in server.get("webhooks")["items"]:
            if existing["description"] == name:
                server.delete(f"webhooks/{existing['id']}")
        webhook = server.post("webhooks", {"url": url, "events": EVENTS, "description": name})
    try:
        yield str(webhook["secret"])
    finally:
        # If Argilla is gone the webhook stays; the next one of this name replaces it.
        with suppress(AnnotationError), connect(connection) as server:
            if webhook["id"] in {existing["id"] for existing in server.get("webhooks")["items"]}:
                server.delete(f"webhooks/{webhook['id']}")


def parse_event(headers: Mapping[str, str], body: bytes, secret: str) -> ChangedRecord:
    """Verify an event and return the record that it names.

    Raises `AnnotationError` if the event wasn't signed with this secret in the last five minutes,
    or names no record.
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
            f"Rejected an event with a wrong signature ({error}). If Argilla sent it, compare the "
            "clocks of the two machines and restart the watch."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnnotationError(
            f"Rejected an event that can't be read ({type(error).__name__}). The webhook should "
            f"send only {', '.join(EVENTS)}."
        ) from error

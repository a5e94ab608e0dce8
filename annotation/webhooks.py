"""Argilla's webhooks: which record somebody has just judged, told by the server and signed.

An event only says where to look; what is said there now is pulled. So it does not matter in which
order events come, whether one comes twice, or what else they hold.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from annotation.connect import Connection, connect
from annotation.errors import AnnotationError

EVENTS = ("response.created", "response.updated", "response.deleted", "record.deleted")


@dataclass(frozen=True)
class Touched:
    """A record whose answers may have changed: where it is, Argilla's id of it, and its subject."""

    workspace: str
    dataset: str
    record: str
    subject: str


@contextmanager
def webhook(connection: Connection, url: str, name: str) -> Iterator[str]:
    """A webhook for as long as it is used; one that was left under this name is replaced.

    Args:
        connection: The server, as its owner.
        url: Where Argilla is to send events; it must reach it from where it runs.
        name: What the webhook is for, as Argilla lists it.

    Yields:
        str: The secret that Argilla signs with.

    Raises:
        AnnotationError: if the connection is not an owner's, or Argilla refuses the address.
    """
    with connect(connection) as server:
        for left in server.get("webhooks")["items"]:
            if left["description"] == name:
                server.delete(f"webhooks/{left['id']}")
        made = server.post("webhooks", {"url": url, "events": EVENTS, "description": name})
    try:
        yield str(made["secret"])
    finally:
        # An Argilla that is gone keeps it; the next one of this name takes its place.
        with suppress(AnnotationError), connect(connection) as server:
            if made["id"] in {left["id"] for left in server.get("webhooks")["items"]}:
                server.delete(f"webhooks/{made['id']}")


def receive(headers: Mapping[str, str], body: bytes, secret: str) -> Touched:
    """What an event that was sent to us is about.

    Args:
        headers: The request's headers.
        body: The request's body, as it came.
        secret: What Argilla signs with.

    Returns:
        The record to look at again.

    Raises:
        AnnotationError: if it was not signed with this secret in the last five minutes, or is
            not about a record.
    """
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
        data = json.loads(body)["data"]
        # A response's event holds its record, a record's event is one.
        record = data.get("record", data)
        dataset = record["dataset"]
        return Touched(
            workspace=str(dataset["workspace"]["name"]),
            dataset=str(dataset["name"]),
            record=str(record["id"]),
            subject=str(record["external_id"] or record["id"]),
        )
    except WebhookVerificationError as error:
        raise AnnotationError(
            f"found an event with a wrong signature ({error}), expected one that Argilla signed in "
            "the last five minutes; compare the two machines' clocks, and watch again"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnnotationError(
            f"found an event that cannot be read ({type(error).__name__}), expected Argilla's "
            f"{', '.join(EVENTS)}; let the webhook send no others"
        ) from error

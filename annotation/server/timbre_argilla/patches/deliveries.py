"""Deliver events to webhooks, and keep the webhook URL out of errors because it may be secret."""

from datetime import datetime
from typing import Any

import httpx
from argilla_server.jobs import webhook_jobs
from argilla_server.models import Webhook
from argilla_server.webhooks.v1 import ping
from argilla_server.webhooks.v1.commons import notify_event

from timbre_argilla.errors import DeliveryError


def apply() -> None:
    """Replace the function that Argilla uses to deliver events, in the server or in its worker."""
    webhook_jobs.notify_event = ping.notify_event = deliver


def deliver(
    webhook: Webhook, event: str, timestamp: datetime, data: dict[str, Any]
) -> httpx.Response:
    """Send an event to a webhook.

    Raises `DeliveryError` if the receiver can't be reached or rejects the event.
    """
    try:
        response: httpx.Response = notify_event(webhook, event, timestamp, data)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryError(f"The receiver can't be reached ({type(error).__name__}).") from None
    if not response.is_success:
        raise DeliveryError(f"The receiver responded with status {response.status_code}.")
    return response

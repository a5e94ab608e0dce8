"""The tasks that run the promised jobs, beside the requests, in the server's own loop."""

import asyncio
import importlib
import inspect
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from timbre_argilla.jobs import Job, JobStore

HANDS = {"default": 1, "high": 4}
"""How many jobs of each queue run at once: imports one by one, webhooks side by side."""

IDLE_SECONDS = 1.0
JOBS_PACKAGE = "argilla_server.jobs."

log = logging.getLogger(__name__)


class Worker:
    """Runs the jobs of a store until it is told to stop."""

    def __init__(self, store: JobStore) -> None:
        """Stand ready, idle."""
        self._store = store
        self._awake = asyncio.Event()
        self._hands: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._awake.set()

    def start(self) -> None:
        """Begin with what the last process left."""
        for queue, hands in HANDS.items():
            self._hands += [asyncio.create_task(self._work(queue)) for _ in range(hands)]

    async def stop(self) -> None:
        """Stop at once: what is under way or waiting stays written down for the next start."""
        for hand in self._hands:
            hand.cancel()
        await asyncio.gather(*self._hands, return_exceptions=True)
        self._hands.clear()

    async def _work(self, queue: str) -> None:
        while True:
            job = self._store.take(queue)
            if job is None:
                await self._rest()
            else:
                await self._run(job)

    async def _rest(self) -> None:
        self._awake.clear()
        try:
            # Not only until woken: a job put back for a later try becomes due by itself.
            await asyncio.wait_for(self._awake.wait(), IDLE_SECONDS)
        except TimeoutError:
            return

    async def _run(self, job: Job) -> None:
        positional, named = job.arguments
        try:
            await _function(job.name)(*positional, **named)
        except Exception as error:
            again = self._store.fail(job)
            fate = "will be tried again" if again else "is given up"
            log.warning("Job %s (%s) failed and %s: %s", job.id, job.name, fate, error)
        else:
            self._store.finish(job)


def _function(name: str) -> Callable[..., Awaitable[Any]]:
    module, _, function = name.partition(":")
    if not module.startswith(JOBS_PACKAGE):
        raise ValueError(f"{name} is no job of Argilla's")
    if function == "notify_event_job":
        return notify
    if function == "export_dataset_to_hub_job":
        return export
    found: Callable[..., Awaitable[Any]] = getattr(importlib.import_module(module), function)
    if not inspect.iscoroutinefunction(found):
        raise TypeError(f"{name} cannot be awaited")
    return found


async def notify(webhook_id: UUID, event: str, timestamp: datetime, data: dict[str, Any]) -> None:
    """Tell a webhook what happened, as Argilla's job does, but without blocking the server.

    Argilla posts from within the loop, which is fine in a worker of its own; here each request
    would wait for the listener's answer.
    """
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.models import Webhook
    from argilla_server.webhooks.v1.commons import notify_event

    async with AsyncSessionLocal() as db:
        webhook = await Webhook.get(db, webhook_id)
    if webhook is None:
        return
    response = await asyncio.to_thread(notify_event, webhook, event, timestamp, data)
    response.raise_for_status()


async def export(**asked: Any) -> None:
    """Push a dataset to the hub, as Argilla's job does, from a thread of its own."""
    from argilla_server.contexts.hub import HubDatasetExporter
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.models import Dataset
    from sqlalchemy.orm import selectinload

    wanted = (
        Dataset.fields,
        Dataset.questions,
        Dataset.metadata_properties,
        Dataset.vectors_settings,
    )
    async with AsyncSessionLocal() as db:
        options = [selectinload(one) for one in wanted]
        dataset = await Dataset.get_or_raise(db, asked.pop("dataset_id"), options=options)
    await asyncio.to_thread(HubDatasetExporter(dataset).export_to, **asked)

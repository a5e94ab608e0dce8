"""Run stored jobs in the server's event loop, alongside requests."""

import asyncio
import importlib
import inspect
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from timbre_argilla.jobs import Job, JobStore

CONCURRENCY = {"default": 1, "high": 4}
"""The number of concurrent jobs per queue: imports run one at a time, webhooks in parallel."""

IDLE_SECONDS = 1.0
JOBS_PACKAGE = "argilla_server.jobs."

log = logging.getLogger(__name__)


class Worker:
    """Runs the jobs in a store until it is stopped."""

    def __init__(self, store: JobStore) -> None:
        """Create an idle worker."""
        self._store = store
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Check for jobs immediately instead of waiting until the polling interval ends."""
        self._wake.set()

    def start(self) -> None:
        """Start the worker, beginning with the jobs that the previous process left unfinished."""
        for queue, count in CONCURRENCY.items():
            self._tasks += [asyncio.create_task(self._work(queue)) for _ in range(count)]

    async def stop(self) -> None:
        """Stop at once; unfinished jobs remain stored and run after the server's next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _work(self, queue: str) -> None:
        while True:
            job = self._store.take(queue)
            if job is None:
                await self._idle()
            else:
                await self._run(job)

    async def _idle(self) -> None:
        self._wake.clear()
        try:
            # Wait with a timeout, because retries become due without a wake-up.
            await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)
        except TimeoutError:
            return

    async def _run(self, job: Job) -> None:
        try:
            await _find_function(job.name)(*job.arguments.positional, **job.arguments.named)
        except Exception as error:
            outcome = "will be retried" if self._store.fail(job) else "won't be retried"
            log.warning("Job %s (%s) failed and %s: %s", job.id, job.name, outcome, error)
        else:
            self._store.finish(job)


def _find_function(name: str) -> Callable[..., Awaitable[Any]]:
    module, _, attribute = name.partition(":")
    if not module.startswith(JOBS_PACKAGE):
        raise ValueError(f"{name} isn't one of Argilla's jobs, so it can't run here.")
    replacements: dict[str, Callable[..., Awaitable[Any]]] = {
        "notify_event_job": notify,
        "export_dataset_to_hub_job": export,
        "import_dataset_from_hub_job": import_rows,
    }
    if attribute in replacements:
        return replacements[attribute]
    function: Callable[..., Awaitable[Any]] = getattr(importlib.import_module(module), attribute)
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"{name} isn't a coroutine function, so it can't run as a job.")
    return function


async def notify(webhook_id: UUID, event: str, timestamp: datetime, data: dict[str, Any]) -> None:
    """Send an event to a webhook as Argilla's own job does, but in a separate thread.

    Argilla's own job sends the event in the event loop, which would block all requests to the
    server until the receiver responds.
    """
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.models import Webhook

    from timbre_argilla.patches.deliveries import deliver

    async with AsyncSessionLocal() as db:
        webhook = await Webhook.get(db, webhook_id)
    if webhook is None:
        return
    await asyncio.to_thread(deliver, webhook, event, timestamp, data)


async def export(dataset_id: UUID, **target: Any) -> None:
    """Push a dataset to the Hugging Face Hub as Argilla does, but in a separate thread."""
    from argilla_server.contexts.hub import HubDatasetExporter
    from argilla_server.database import AsyncSessionLocal

    async with AsyncSessionLocal() as db:
        dataset = await _load_dataset(db, dataset_id)
    await asyncio.to_thread(HubDatasetExporter(dataset).export_to, **target)


async def import_rows(
    dataset_id: UUID, name: str, subset: str, split: str, mapping: dict[str, Any]
) -> None:
    """Import a dataset from the Hugging Face Hub as Argilla does, but read it in a thread."""
    from argilla_server.api.schemas.v1.datasets import HubDatasetMapping
    from argilla_server.contexts.hub import BATCH_SIZE, HubDataset
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.jobs.hub_jobs import HUB_DATASET_TAKE_ROWS
    from argilla_server.search_engine.base import SearchEngine
    from argilla_server.settings import settings

    parsed = HubDatasetMapping.model_validate(mapping)
    hub = await asyncio.to_thread(HubDataset, name, subset, split, parsed)
    hub.take(HUB_DATASET_TAKE_ROWS)
    batches = iter(hub.dataset.batch(batch_size=BATCH_SIZE))
    async with (
        AsyncSessionLocal() as db,
        SearchEngine.get_by_name(settings.search_engine) as engine,
    ):
        dataset = await _load_dataset(db, dataset_id)
        if not dataset.is_ready:
            raise ValueError(
                "The dataset isn't published yet. Publish it before you import records into it."
            )
        while batch := await asyncio.to_thread(next, batches, None):
            await hub._import_batch_to(db, engine, batch, dataset)


async def _load_dataset(db: Any, dataset_id: UUID) -> Any:
    from argilla_server.models import Dataset
    from sqlalchemy.orm import selectinload

    relationships = (
        Dataset.fields,
        Dataset.questions,
        Dataset.metadata_properties,
        Dataset.vectors_settings,
    )
    options = [selectinload(relationship) for relationship in relationships]
    return await Dataset.get_or_raise(db, dataset_id, options=options)

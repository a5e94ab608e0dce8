"""The worker for servers that store jobs in Redis: an RQ process with a scheduler.

Argilla's own worker has no scheduler, so it never retries an event that a webhook didn't accept.
"""

import importlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from timbre_argilla.credentials import Credentials
from timbre_argilla.errors import LaunchError
from timbre_argilla.home import Home
from timbre_argilla.options import Options, configure_argilla

HEARTBEAT_SECONDS = 20
"""How often an idle worker reports to Redis, in seconds."""

MAX_SILENCE_SECONDS = 90


def run_worker(options: Options, credentials: Credentials) -> None:
    """Run jobs until SIGTERM or SIGINT arrives, then finish the current job and stop.

    Raises `LaunchError` if Redis can't be reached at the start. If Redis becomes unreachable later,
    the worker waits until it's available again.
    """
    home = Home.acquire(options.home)
    try:
        configure_argilla(options, credentials)
        with _report_redis_errors():
            _create_worker(options).work(with_scheduler=True, logging_level="WARNING")
    finally:
        home.release()


def check_worker(options: Options) -> None:
    """Check that the worker on this machine has reported to Redis recently.

    Raises `LaunchError` if the worker hasn't reported recently or if Redis can't be reached.
    """
    import redis

    with _report_redis_errors():
        beat = redis.from_url(options.redis_url).hget(f"rq:worker:{_name()}", "last_heartbeat")
    if not isinstance(beat, bytes):
        raise LaunchError(f"The worker {_name()} has never reported to Redis. Check its log.")
    silence = (datetime.now(UTC) - datetime.fromisoformat(beat.decode())).total_seconds()
    if silence > MAX_SILENCE_SECONDS:
        raise LaunchError(
            f"The worker {_name()} last reported {silence:.0f} seconds ago (the limit is "
            f"{MAX_SILENCE_SECONDS}). Check its log."
        )


def _create_worker(options: Options) -> Any:
    # Imported for its side effect: database errors no longer quote values.
    importlib.import_module("timbre_argilla.database")
    if not options.elasticsearch_url:
        engine = importlib.import_module("timbre_argilla.search.engine")
        database = importlib.import_module("argilla_server.database")
        notifications = importlib.import_module("timbre_argilla.notifications")
        vars(engine).update(tables=notifications.RemoteTables(database.sync_engine))
    for jobs in ("dataset_jobs", "hub_jobs", "webhook_jobs"):
        # Imported once here, because each job runs in a process that is forked from this one.
        importlib.import_module(f"argilla_server.jobs.{jobs}")
    importlib.import_module("timbre_argilla.patches.hub_imports").apply()
    importlib.import_module("timbre_argilla.patches.deliveries").apply()
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq import Worker

    worker = Worker(
        [HIGH_QUEUE, DEFAULT_QUEUE],
        name=_name(),
        connection=REDIS_CONNECTION,
        default_worker_ttl=HEARTBEAT_SECONDS + 15,
    )
    # A killed worker stays registered, and RQ would reject a second one with the same name.
    REDIS_CONNECTION.delete(worker.key)
    return worker


def _name() -> str:
    return f"timbre-{socket.gethostname()}"


@contextmanager
def _report_redis_errors() -> Iterator[None]:
    import redis

    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise LaunchError(f"Can't reach Redis ({error}). Check that it is running.") from error

"""Argilla's RQ worker, for a server whose jobs are in Redis: one process, its own scheduler.

Upstream's worker has no scheduler, so that a webhook put back for a later try is never tried again.
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
from timbre_argilla.logs import set_up
from timbre_argilla.options import Options, tell_argilla

HEARTBEAT_SECONDS = 20
"""How often an idle worker says that it is there."""

LATE_SECONDS = 90


def work(options: Options, credentials: Credentials) -> None:
    """Run jobs until told to stop (SIGTERM, SIGINT); a job under way is finished first.

    Raises `LaunchError` where Redis cannot be reached at the start; later, it is waited for.
    """
    home = Home.hold(options.home)
    try:
        tell_argilla(options, credentials)
        set_up(options.json_log, options.secrets(credentials))
        with _redis_reached():
            worker = _worker(options)
            worker.work(with_scheduler=True, logging_level="WARNING")
    finally:
        home.leave()


def check(options: Options, _credentials: Credentials) -> None:
    """See that this machine's worker was heard of lately; asks Redis alone, so it is quick.

    Raises `LaunchError` if it was not, or Redis cannot be reached.
    """
    import redis

    with _redis_reached():
        beat = redis.from_url(options.redis_url).hget(f"rq:worker:{_name()}", "last_heartbeat")
    said = datetime.fromisoformat(beat.decode()) if isinstance(beat, bytes) else None
    late = (datetime.now(UTC) - said).total_seconds() if said else None
    if late is None or late > LATE_SECONDS:
        heard = "never heard of" if late is None else f"last heard of {late:.0f} seconds ago"
        raise LaunchError(
            f"The worker {_name()} was {heard}, expected a sign of life within {LATE_SECONDS} "
            "seconds; see its log."
        )


def _worker(options: Options) -> Any:
    # Which keeps values out of errors.
    importlib.import_module("timbre_argilla.database")
    if not options.elasticsearch_url:
        engine = importlib.import_module("timbre_argilla.search.engine")
        database = importlib.import_module("argilla_server.database")
        messages = importlib.import_module("timbre_argilla.messages")
        vars(engine).update(shelf=messages.Messenger(database.sync_engine))
    for jobs in ("dataset_jobs", "hub_jobs", "webhook_jobs"):
        # Imported once here rather than by every job, each of which is a process of its own.
        importlib.import_module(f"argilla_server.jobs.{jobs}")
    importlib.import_module("timbre_argilla.imports").apply()
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq import Worker

    worker = Worker(
        [HIGH_QUEUE, DEFAULT_QUEUE],
        name=_name(),
        connection=REDIS_CONNECTION,
        default_worker_ttl=HEARTBEAT_SECONDS + 15,
    )
    # A worker that was killed is still on the list, and its name would be refused.
    REDIS_CONNECTION.delete(worker.key)
    return worker


def _name() -> str:
    return f"timbre-{socket.gethostname()}"


@contextmanager
def _redis_reached() -> Iterator[None]:
    import redis

    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise LaunchError(f"Redis cannot be reached ({error}); see that it runs.") from error

"""Argilla's background jobs in this process: written down before they are promised, then run.

Argilla hands its jobs to Redis. Here a job is a row in a small SQLite file in the server's home,
whichever database the server uses, so that a job promised is run even when the server is stopped
or killed first: at the next start, from the beginning. A job may therefore run twice, as it may
upstream; each of Argilla's is made for that.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

from rq.exceptions import NoSuchJobError
from rq.job import JobStatus

KEPT_SECONDS = 3600
"""How long a job that ended can still be asked about."""

Arguments = tuple[list[Any], dict[str, Any]]
"""A call's positional and named arguments."""

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    queue TEXT NOT NULL,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    waits TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL,
    due REAL NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One promised call of a function of Argilla's.

    Attributes:
        id: What `GET /api/v1/jobs/{id}` asks by.
        name: The function, as `module:name`.
        arguments: Its positional and named arguments.
        waits: Seconds to wait before each further try; as many tries as it has items.
        tries: How often it was tried and failed.
        status: Where it stands, in the words of Argilla's API.
    """

    id: str
    name: str
    arguments: Arguments
    waits: tuple[float, ...]
    tries: int
    status: JobStatus

    def get_status(self, refresh: bool = True) -> JobStatus:
        """Answer as Argilla's API asks it; a job read is as fresh as its row."""
        return self.status


class JobStore:
    """The jobs of one server, in a file."""

    def __init__(self, path: Path) -> None:
        """Open the file, and queue again what the last process left half done."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(_TABLE)
        self._db.execute("CREATE INDEX IF NOT EXISTS jobs_due ON jobs (queue, status, due)")
        # Those that ran when the last process ended did not end themselves.
        self._db.execute("UPDATE jobs SET status = 'queued' WHERE status = 'started'")
        path.chmod(0o600)

    def add(self, queue: str, name: str, arguments: Arguments, waits: tuple[float, ...]) -> Job:
        """Write a job down."""
        job_id = str(uuid4())
        self._db.execute(
            "INSERT INTO jobs (id, queue, name, arguments, waits, status, due) "
            "VALUES (?, ?, ?, ?, ?, 'queued', ?)",
            (job_id, queue, name, _dumps(arguments), json.dumps(waits), time.time()),
        )
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """The job of this id; NoSuchJobError when there is none, or not any more."""
        row = self._db.execute(
            "SELECT id, name, arguments, waits, tries, status FROM jobs WHERE id = ?", (job_id,)
        ).fetchone()
        if row is None:
            raise NoSuchJobError(f"No such job: {job_id}")
        return _job(row)

    def take(self, queue: str) -> Job | None:
        """The longest due job of a queue, marked as started; None when none is due."""
        row = self._db.execute(
            "UPDATE jobs SET status = 'started' WHERE id = (SELECT id FROM jobs WHERE queue = ? "
            "AND status = 'queued' AND due <= ? ORDER BY due LIMIT 1) "
            "RETURNING id, name, arguments, waits, tries, status",
            (queue, time.time()),
        ).fetchone()
        return None if row is None else _job(row)

    def finish(self, job: Job) -> None:
        """Mark a job as done, and forget those that ended long ago."""
        self._end(job, JobStatus.FINISHED)

    def fail(self, job: Job) -> bool:
        """Put a job that failed back for a later try; False when it has none left."""
        if job.tries >= len(job.waits):
            self._end(job, JobStatus.FAILED)
            return False
        self._db.execute(
            "UPDATE jobs SET status = 'queued', tries = tries + 1, due = ? WHERE id = ?",
            (time.time() + job.waits[job.tries], job.id),
        )
        return True

    def _end(self, job: Job, status: JobStatus) -> None:
        now = time.time()
        self._db.execute(
            # An export's arguments hold somebody's token: not kept longer than needed.
            "UPDATE jobs SET status = ?, due = ?, arguments = '[[], {}]' WHERE id = ?",
            (status.value, now, job.id),
        )
        self._db.execute(
            "DELETE FROM jobs WHERE status IN ('finished', 'failed') AND due < ?",
            (now - KEPT_SECONDS,),
        )

    def close(self) -> None:
        """Let the file go."""
        self._db.close()


class JobQueue:
    """What stands in the place of an RQ queue: `rq.decorators.job` asks it for `enqueue_call`."""

    def __init__(self, name: str, store: JobStore, wake: Callable[[], None]) -> None:
        """Queue under a name, and wake the worker at each job."""
        self.name = name
        self._store = store
        self._wake = wake

    def enqueue_call(self, func: Callable[..., Any], **asked: Any) -> Job:
        """Promise to call a function of Argilla's; its other wishes are Redis's."""
        retry = asked.get("retry")
        waits = tuple(_wait(retry.intervals, n) for n in range(retry.max)) if retry else ()
        arguments = (list(asked.get("args") or ()), dict(asked.get("kwargs") or {}))
        job = self._store.add(self.name, f"{func.__module__}:{func.__name__}", arguments, waits)
        self._wake()
        return job


def queues_module(store: JobStore, wake: Callable[[], None]) -> ModuleType:
    """What stands in the place of the module `argilla_server.jobs.queues`, under its names."""
    module = ModuleType("argilla_server.jobs.queues")
    vars(module).update(
        DEFAULT_QUEUE=JobQueue("default", store, wake),
        HIGH_QUEUE=JobQueue("high", store, wake),
        REDIS_CONNECTION=NoRedis(),
        JOB_TIMEOUT_DISABLED=-1,
    )
    return module


class NoRedis:
    """What Argilla pings at start where Redis would be."""

    def ping(self) -> bool:
        """There is nothing to reach."""
        return True


class JobLookup:
    """What stands in the place of `rq.job.Job` where Argilla's API looks a job up."""

    def __init__(self, store: JobStore) -> None:
        """Look in this store."""
        self._store = store

    def fetch(self, job_id: str, connection: object) -> Job:
        """The job of this id."""
        return self._store.get(job_id)


def _wait(intervals: list[int], n: int) -> float:
    return float(intervals[min(n, len(intervals) - 1)]) if intervals else 0.0


def _job(row: tuple[Any, ...]) -> Job:
    job_id, name, arguments, waits, tries, status = row
    return Job(job_id, name, _loads(arguments), tuple(json.loads(waits)), tries, JobStatus(status))


def _dumps(arguments: Arguments) -> str:
    positional, named = arguments
    return json.dumps(
        [
            [_tagged(value) for value in positional],
            {name: _tagged(value) for name, value in named.items()},
        ]
    )


def _loads(written: str) -> Arguments:
    positional, named = json.loads(written)
    return (
        [_untagged(value) for value in positional],
        {name: _untagged(value) for name, value in named.items()},
    )


def _tagged(value: Any) -> dict[str, Any]:
    """An argument with its kind; ids and times are among them, never within them."""
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    return {"json": value}


def _untagged(tagged: dict[str, Any]) -> Any:
    ((kind, value),) = tagged.items()
    match kind:
        case "uuid":
            return UUID(value)
        case "time":
            return datetime.fromisoformat(value)
    return value

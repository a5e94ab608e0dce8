"""Run Argilla's background jobs in this process, and store them in a file instead of Redis.

Whichever database the server uses, jobs are stored as rows of a small SQLite file in the server's
home folder. A job is stored before the server responds to the request that created it. If the
server stops before a job ends, the job runs again from the beginning after the next start.
Argilla's jobs can safely be repeated, because Argilla's own queue may also run a job twice.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from rq.exceptions import NoSuchJobError
from rq.job import JobStatus

RETENTION_SECONDS = 3600
"""How long a job can be looked up after it has ended."""

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
class Arguments:
    """The positional and named arguments of a function call."""

    positional: list[Any]
    named: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A stored call to one of Argilla's functions.

    Attributes:
        id: The job id in `GET /api/v1/jobs/{id}`.
        name: The name of the function, as `module:name`.
        arguments: The arguments of the call.
        waits: The number of seconds to wait before each retry, one entry per retry.
        tries: The number of times that the job has failed.
        status: The state of the job, as defined by Argilla's API.
    """

    id: str
    name: str
    arguments: Arguments
    waits: tuple[float, ...]
    tries: int
    status: JobStatus

    def get_status(self, refresh: bool = True) -> JobStatus:
        """Return the job's status; Argilla's API calls this method."""
        del refresh  # rq's parameter; a job of ours is always up to date
        return self.status


class JobStore:
    """A store for the jobs of one server, in a SQLite file."""

    def __init__(self, path: Path) -> None:
        """Open the job file, and requeue the jobs that the previous process left unfinished."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(_TABLE)
        self._db.execute("CREATE INDEX IF NOT EXISTS jobs_due ON jobs (queue, status, due)")
        self._db.execute("UPDATE jobs SET status = 'queued' WHERE status = 'started'")
        path.chmod(0o600)

    def add(self, queue: str, name: str, arguments: Arguments, waits: tuple[float, ...]) -> Job:
        """Store a new job."""
        job_id = str(uuid4())
        self._db.execute(
            "INSERT INTO jobs (id, queue, name, arguments, waits, status, due) "
            "VALUES (?, ?, ?, ?, ?, 'queued', ?)",
            (job_id, queue, name, _dumps(arguments), json.dumps(waits), time.time()),
        )
        return self.fetch(job_id)

    def fetch(self, job_id: str, connection: object = None) -> Job:
        """Return a job by its id; Argilla's API calls this method instead of RQ's `Job.fetch`.

        Raises `NoSuchJobError` if the job doesn't exist or ended too long ago.
        """
        row = self._db.execute(
            "SELECT id, name, arguments, waits, tries, status FROM jobs WHERE id = ?", (job_id,)
        ).fetchone()
        if row is None:
            raise NoSuchJobError(f"No such job: {job_id}")
        _, name, arguments, waits, tries, status = row
        waits = tuple(json.loads(waits))
        return Job(job_id, name, _loads(arguments), waits, tries, JobStatus(status))

    def take(self, queue: str) -> Job | None:
        """Mark the job that became due first as started and return it, or None if no job is due."""
        query = (
            "UPDATE jobs SET status = 'started' WHERE id = (SELECT id FROM jobs WHERE queue = ? "
            "AND status = 'queued' AND due <= ? ORDER BY due LIMIT 1) RETURNING id"
        )
        row = self._db.execute(query, (queue, time.time())).fetchone()
        return self.fetch(row[0]) if row else None

    def finish(self, job: Job) -> None:
        """Mark a job as finished."""
        self._end(job, JobStatus.FINISHED)

    def fail(self, job: Job) -> bool:
        """Schedule the next retry of a failed job, or return False if it has no retries left."""
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
            # The arguments of an export include a user's token, so they are deleted.
            "UPDATE jobs SET status = ?, due = ?, arguments = '[[], {}]' WHERE id = ?",
            (status.value, now, job.id),
        )
        self._db.execute(
            "DELETE FROM jobs WHERE status IN ('finished', 'failed') AND due < ?",
            (now - RETENTION_SECONDS,),
        )

    def close(self) -> None:
        """Close the job file."""
        self._db.close()


@dataclass(frozen=True, slots=True)
class JobQueue:
    """A replacement for an RQ queue; the decorator `rq.decorators.job` calls `enqueue_call`."""

    name: str
    store: JobStore
    wake: Callable[[], None]

    def enqueue_call(self, func: Callable[..., Any], **options: Any) -> Job:
        """Store a call to one of Argilla's functions as a job, ignoring options for Redis."""
        retry = options.get("retry")
        waits = tuple(_wait(retry.intervals, n) for n in range(retry.max)) if retry else ()
        arguments = Arguments(list(options.get("args") or ()), dict(options.get("kwargs") or {}))
        job = self.store.add(self.name, f"{func.__module__}:{func.__name__}", arguments, waits)
        self.wake()
        return job


def queues_module(store: JobStore, wake: Callable[[], None]) -> ModuleType:
    """Create the replacement for the module `argilla_server.jobs.queues`."""
    module = ModuleType("argilla_server.jobs.queues")
    vars(module).update(
        DEFAULT_QUEUE=JobQueue("default", store, wake),
        HIGH_QUEUE=JobQueue("high", store, wake),
        # Argilla pings Redis when it starts.
        REDIS_CONNECTION=SimpleNamespace(ping=lambda: True),
        JOB_TIMEOUT_DISABLED=-1,
    )
    return module


def _wait(intervals: list[int], n: int) -> float:
    return float(intervals[min(n, len(intervals) - 1)]) if intervals else 0.0


def _dumps(arguments: Arguments) -> str:
    named = {name: _tag(value) for name, value in arguments.named.items()}
    return json.dumps([[_tag(value) for value in arguments.positional], named])


def _loads(text: str) -> Arguments:
    positional, named = json.loads(text)
    return Arguments(
        [_untag(value) for value in positional],
        {name: _untag(value) for name, value in named.items()},
    )


def _tag(value: Any) -> dict[str, Any]:
    """Encode an argument together with the name of its type.

    UUIDs and datetimes inside lists or dicts aren't supported, because no job has such arguments.
    """
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    return {"json": value}


def _untag(pair: dict[str, Any]) -> Any:
    ((kind, value),) = pair.items()
    match kind:
        case "uuid":
            return UUID(value)
        case "time":
            return datetime.fromisoformat(value)
    return value

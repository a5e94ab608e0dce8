"""Runs that a version starts: what each has come to, kept in a file, and done by one at a time.

The queue only says what to look at next; what was done stands here and in the store. So a queue
that is emptied, or says a thing twice, changes nothing.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from db.events import now
from db.records import canonical, digest

AWAY = 75
"""What a job ends with where the database is away: the customary status for “try later”."""


class JobState(StrEnum):
    """How far a job has come; a job that is `working` and held by nobody has died."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One configured run: a version's id, the campaign's and the training configuration's name."""

    version: str
    campaign: str
    training: str

    @property
    def key(self) -> str:
        """The name of the job's file."""
        return digest(canonical(asdict(self)))[:16]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job and what it has come to; `attempts` counts those that failed, died or are under way."""

    job: Job
    state: JobState = JobState.WAITING
    attempts: int = 0
    reason: str = ""
    at: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in (JobState.DONE, JobState.FAILED)


class Ledger:
    """The folder of the jobs' files, shared by all workers."""

    def __init__(self, folder: Path) -> None:
        """Keep the files there; the folder is made if need be."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def status(self, job: Job) -> JobStatus:
        """What a job has come to; a file that cannot be read counts as none."""
        return _read(self._file(job)) or JobStatus(job)

    def all(self) -> list[JobStatus]:
        """Every job that was ever begun, the latest change last."""
        found = [_read(path) for path in self.folder.glob("*.json")]
        return sorted((s for s in found if s), key=lambda status: status.at)

    def write(self, status: JobStatus) -> JobStatus:
        """Keep what a job has come to, whole or not at all."""
        told = replace(status, at=now())
        file = self._file(status.job)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(asdict(told)), encoding="utf-8")
        part.replace(file)
        return told

    def forget(self, job: Job) -> None:
        """Let a job be begun anew."""
        self._file(job).unlink(missing_ok=True)

    def held(self, job: Job) -> bool:
        """Whether somebody works on a job."""
        with self.alone(job) as lock:
            return lock is None

    @contextmanager
    def alone(self, job: Job) -> Iterator[int | None]:
        """Hold a job for this process and those that inherit the lock; None if somebody else does.

        The kernel lets go of it when the last of them ends, however it ends.
        """
        descriptor = os.open(self.folder / f"{job.key}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield descriptor if _locked(descriptor) else None
        finally:
            os.close(descriptor)

    def _file(self, job: Job) -> Path:
        return self.folder / f"{job.key}.json"


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> JobStatus | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told["job"], told["state"] = Job(**told["job"]), JobState(told["state"])
        return JobStatus(**told)
    except (OSError, ValueError, TypeError, KeyError):
        return None

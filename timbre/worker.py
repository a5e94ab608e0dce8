"""The worker: versions that appear start their runs, once each, across crashes and workers.

A run is done by a process of its own, so that one that is killed for its memory is seen to die,
is tried once more, and is then reported. What was done is in the store and the ledger; the queue
may be emptied at any time.
"""

import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from db.errors import StoreError
from db.events import event
from db.records import EventKind, Run
from db.store import Store
from pipelines.form import FormError
from timbre.jobs import AWAY, Job, JobState, JobStatus, Ledger
from timbre.queue import UNREACHABLE, JobQueue
from timbre.runs import RunState, run_status
from timbre.settings import Settings, SettingsError, config_file
from timbre.triggers import called_for, watched
from trainer.config import load_config
from trainer.errors import TrainerError

ATTEMPTS = 2
PERFORM = (sys.executable, "-m", "timbre", "run", "perform")
ALIVE = Path(tempfile.gettempdir()) / "timbre-alive"
"""Touched by a worker that is well, for whoever checks its health."""

log = logging.getLogger("timbre.worker")


@dataclass(frozen=True)
class Watching:
    """What a worker does, for these campaigns (for all that have [watch] where none is named).

    Attributes:
        campaigns: Names or files.
        trigger: Put runs into the queue.
        train: Take runs from the queue and do them.
        every: Seconds between two looks.
    """

    campaigns: tuple[str, ...] = ()
    trigger: bool = True
    train: bool = True
    every: float = 5.0


class Worker:
    """Watches for versions and does the runs that they call for, until told to stop."""

    def __init__(
        self, settings: Settings, watching: Watching, command: Sequence[str] = PERFORM
    ) -> None:
        """Get ready; nothing is reached yet. `command` does a job, told by its arguments."""
        self.settings = settings
        self.watching = watching
        self.ledger = Ledger(settings.jobs)
        self.queue = JobQueue(settings, self.perform)
        self.stopped = threading.Event()
        self._command = command
        self._complaint = ""

    def watch(self) -> None:
        """Go round until told to stop; what is away for a while is waited for."""
        while not self.stopped.is_set():
            ALIVE.touch()
            busy = self.go_round()
            if not busy:
                self.stopped.wait(self.watching.every)

    def go_round(self) -> bool:
        """Look for runs to start, and do one that waits; whether one was done."""
        try:
            if self.watching.trigger:
                self.enqueue()
            busy = self.watching.train and self.queue.do_next()
        except (StoreError, FormError, SettingsError, *UNREACHABLE) as error:
            # Said once for as long as it lasts.
            if str(error) != self._complaint:
                log.warning("%s; it is tried again every %g s", error, self.watching.every)
            self._complaint = str(error)
            return False
        self._complaint = ""
        return busy

    def stop(self) -> None:
        """Stop soon: a run under way is told to, and goes on from there another time."""
        self.stopped.set()

    def enqueue(self) -> int:
        """Put what versions call for, has not ended and is in nobody's hands into the queue."""
        campaigns = watched(list(self.watching.campaigns))
        put = 0
        with Store.open(self.settings.database_url) as store:
            for job in called_for(store, campaigns):
                if self.ledger.status(job).ended or self.ledger.held(job):
                    continue
                if self.queue.put(job):
                    put += 1
                    log.info("run of %s on version %s waits", job.training, job.version[:12])
        return put

    def perform(self, job: Job) -> None:
        """Do a job that was taken from the queue, unless it is done or another does it."""
        with self.ledger.alone(job) as lock:
            if lock is None:
                return
            while not self.ledger.status(job).ended and not self.stopped.is_set():
                self._attempt(job, lock)

    def _attempt(self, job: Job, lock: int) -> None:
        before = self.ledger.status(job)
        if before.attempts >= ATTEMPTS:
            # The last attempt was cut short together with the worker that made it.
            self._report(before, before.reason or "the worker died while it ran")
            return
        now = replace(before, state=JobState.WORKING, attempts=before.attempts + 1)
        self.ledger.write(now)
        log.info(
            "run of %s on version %s, attempt %d", job.training, job.version[:12], now.attempts
        )
        code, reason = self._run(job, lock)
        if code == 0:
            self.ledger.write(replace(now, state=JobState.DONE, reason=""))
            log.info("run of %s on version %s is done", job.training, job.version[:12])
        elif self.stopped.is_set() or code == AWAY:
            # Neither is a fault of the run's.
            self.ledger.write(replace(now, state=JobState.WAITING, attempts=before.attempts))
            self.stopped.wait(self.watching.every)
        elif now.attempts < ATTEMPTS:
            self.ledger.write(replace(now, state=JobState.WAITING, reason=reason))
            log.warning("run of %s failed and is tried again: %s", job.training, reason)
        else:
            self._report(now, reason)

    def _run(self, job: Job, lock: int) -> tuple[int, str]:
        """Do a job in a process of its own; returns how it ended and, where it failed, why."""
        command = [*self._command, job.version, "--campaign", job.campaign]
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(  # noqa: S603 (our own command line)
                [*command, "--config", job.training],
                stdout=said,
                stderr=said,
                pass_fds=(lock,),
            )
            while process.poll() is None:
                ALIVE.touch()
                if self.stopped.is_set():
                    process.terminate()
                time.sleep(0.2)
            said.seek(0)
            lines = [line.strip() for line in said if line.strip()]
        for line in lines if process.returncode == 0 else ():
            log.info("%s", line)
        return process.returncode, _reason(process.returncode, lines)

    def _report(self, status: JobStatus, reason: str) -> None:
        self.ledger.write(replace(status, state=JobState.FAILED, reason=reason))
        log.error(
            "run of %s on version %s failed %d times and is given up: %s",
            status.job.training,
            status.job.version[:12],
            status.attempts,
            reason,
        )
        self._close_run(status.job, reason)

    def _close_run(self, job: Job, reason: str) -> None:
        """A run that was killed could not say so itself."""
        try:
            config = load_config(config_file("training", job.training))
            with Store.open(self.settings.database_url) as store:
                for run in list(store.stream(Run, version=job.version)):
                    started = run_status(store, run).state is RunState.STARTED
                    if config.is_of(run.config) and started:
                        store.add([event(run.id, EventKind.FAILED, reason=reason)])
        except (StoreError, SettingsError, TrainerError) as error:
            log.warning("the run's own row could not be closed: %s", error)


def _reason(code: int, lines: list[str]) -> str:
    if code < 0:
        return f"killed by signal {-code}" + (" (out of memory?)" if code == -9 else "")
    return lines[-1] if lines else f"ended with status {code} and said nothing"

"""The worker queues training runs for new versions, and performs each run once.

The queue of runs is stored in the database. A worker claims a run and renews its claim while it
trains. If a claim isn't renewed, another worker takes it over. Each run is a separate process, so
that the worker notices if the run is killed, for example because memory ran out. A run whose
process was killed is retried once.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from db.claims import (
    ATTEMPTS,
    Claim,
    ClaimState,
    RunRequest,
    claim_next,
    enqueue,
    finish,
    heartbeat,
    release,
)
from db.errors import StoreError
from db.events import event
from db.records import EventKind, Run, Version, digest
from db.runs import RunState, run_status
from db.store import Store
from timbre.campaign import Campaign, load_campaign, load_training
from timbre.config import CONFIGS
from timbre.settings import Settings, SettingsError

STORE_AWAY = 75
"""The exit status of a run whose database is unavailable (EX_TEMPFAIL)."""
HEARTBEAT_SECONDS = 10.0
STALE_SECONDS = 120.0
"""A claim that hasn't been renewed for this long belongs to a dead worker."""
PERFORM = (sys.executable, "-m", "timbre", "run", "perform", "--with-worker")
ALIVE = Path(tempfile.gettempdir()) / "timbre-alive"
"""A file that a healthy worker touches, for health checks."""

log = logging.getLogger("timbre.worker")


@dataclass(frozen=True)
class WorkerOptions:
    """The options of a worker.

    Attributes:
        campaigns: The names or files of the campaigns to watch (default: all campaigns with a
            [watch] section).
        is_trigger: Whether the worker queues runs for new versions.
        is_trainer: Whether the worker performs runs from the queue.
        interval: The polling interval in seconds.
        stale_after: The number of seconds without renewal after which another worker takes over a
            claim.
    """

    campaigns: tuple[str, ...] = ()
    is_trigger: bool = True
    is_trainer: bool = True
    interval: float = 5.0
    stale_after: float = STALE_SECONDS


@dataclass(frozen=True)
class Attempt:
    """The outcome of an attempt at a run: the exit status, and the reason if the run failed."""

    status: int
    reason: str
    is_lost: bool = False


@dataclass
class Worker:
    """A worker that queues and performs runs until it's stopped.

    `command` is the command line that performs a run.
    """

    settings: Settings
    options: WorkerOptions
    command: Sequence[str] = PERFORM
    stopped: threading.Event = field(default_factory=threading.Event)
    _last_error: str = ""

    def run(self) -> None:
        """Work until stopped. If the database is unavailable, wait until it's back."""
        while not self.stopped.is_set():
            ALIVE.touch()
            if not self.step():
                self.stopped.wait(self.options.interval)

    def stop(self) -> None:
        """Stop the worker and the current run, which continues from its checkpoint later."""
        self.stopped.set()

    def step(self) -> bool:
        """Queue new runs, perform the next queued run, and return whether a run was performed."""
        try:
            with Store.open(self.settings.database_url) as store:
                if self.options.is_trigger:
                    self.enqueue_runs(store)
                claim = self._claim(store) if self.options.is_trainer else None
            if claim:
                self._perform(claim)
        except (StoreError, SettingsError) as error:
            # The same error is logged once, not on every retry.
            if str(error) != self._last_error:
                log.warning("%s Retrying every %g s.", error, self.options.interval)
            self._last_error = str(error)
            return False
        self._last_error = ""
        return claim is not None

    def enqueue_runs(self, store: Store) -> int:
        """Queue runs that campaigns request for stored versions, and return how many are new."""
        new = 0
        for request in requested_runs(store, watched_campaigns(self.options.campaigns)):
            if enqueue(store, request):
                new += 1
                log.info("Queued %s.", _describe(request))
        return new

    def _claim(self, store: Store) -> Claim | None:
        name = f"{socket.gethostname()}:{os.getpid()}"
        return claim_next(store, name, self.options.stale_after)

    def _perform(self, claim: Claim) -> None:
        request = claim.request
        if claim.is_exhausted:
            self._give_up(claim, claim.reason or "the worker died during the run")
            return
        log.info("Starting %s (attempt %d).", _describe(request), claim.attempts)
        attempt = self._run_child(claim)
        if attempt.is_lost:
            log.warning("Another worker took over %s.", _describe(request))
        elif attempt.status == 0:
            self._finish(claim, ClaimState.DONE)
            log.info("Finished %s.", _describe(request))
        elif self.stopped.is_set() or attempt.status == STORE_AWAY:
            with Store.open(
                self.settings.database_url
            ) as store:  # the run isn't at fault in either case
                release(store, claim)
            self.stopped.wait(self.options.interval)
        elif claim.attempts < ATTEMPTS:
            self._finish(claim, ClaimState.WAITING, attempt.reason)
            log.warning("%s failed and will be retried: %s", _describe(request), attempt.reason)
        else:
            self._give_up(claim, attempt.reason)

    def _run_child(self, claim: Claim) -> Attempt:
        """Perform a run in a separate process, and renew the worker's claim until the run ends."""
        request, is_lost = claim.request, False
        arguments = [request.version, "--campaign", request.campaign, "--config", request.training]
        with tempfile.TemporaryFile("w+") as output:
            # The child stops when its standard input closes, which happens if the worker is killed.
            with subprocess.Popen(  # noqa: S603 (Timbre's own command line)
                [*self.command, *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            ) as process:
                due = time.monotonic() + HEARTBEAT_SECONDS
                while process.poll() is None:
                    ALIVE.touch()
                    if time.monotonic() >= due:
                        due = time.monotonic() + HEARTBEAT_SECONDS
                        is_lost = not self._renew(claim)
                    if self.stopped.is_set() or is_lost:
                        process.terminate()
                    time.sleep(0.2)
            output.seek(0)
            lines = [line.strip() for line in output if line.strip()]
        for line in lines if process.returncode == 0 else ():
            log.info("%s", line)
        return Attempt(process.returncode, _reason(process.returncode, lines), is_lost)

    def _renew(self, claim: Claim) -> bool:
        """Renew a claim.

        Returns False if another worker has taken over the run. If the database is unavailable, this
        is logged and the claim counts as renewed.
        """
        try:
            with Store.open(self.settings.database_url) as store:
                return heartbeat(store, claim)
        except StoreError as error:
            log.warning("The claim on %s wasn't renewed: %s", _describe(claim.request), error)
            return True

    def _finish(self, claim: Claim, state: ClaimState, reason: str = "") -> None:
        with Store.open(self.settings.database_url) as store:
            finish(store, claim, state, reason)

    def _give_up(self, claim: Claim, reason: str) -> None:
        """Log that a run failed permanently, and mark it as failed in case it was killed."""
        log.error("%s failed and won't be retried: %s", _describe(claim.request), reason)
        training = load_training(claim.request.training).config
        with Store.open(self.settings.database_url) as store:
            finish(store, claim, ClaimState.FAILED, reason)
            for run in list(store.stream(Run, version=claim.request.version)):
                is_open = run_status(store, run).state is RunState.STARTED
                if is_open and training.matches(run.config):
                    store.add([event(run.id, EventKind.FAILED, reason=reason)])


def stop_with_worker() -> None:
    """Stop this process when its standard input closes, which happens when its worker dies."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def watched_campaigns(names: Sequence[str]) -> list[tuple[str, Campaign]]:
    """Load the campaigns with a `versions` pattern in [watch], along with their names or files.

    Raises `SettingsError` if a campaign file is missing or invalid.
    """
    shipped = sorted(path.stem for path in (CONFIGS / "campaigns").glob("*.toml"))
    loaded = [(name, load_campaign(name)) for name in names or shipped]
    return [(name, campaign) for name, campaign in loaded if campaign.watch.versions]


def requested_runs(store: Store, campaigns: Sequence[tuple[str, Campaign]]) -> Iterator[RunRequest]:
    """Yield the runs that campaigns request for stored versions, oldest version first."""
    for version in store.stream(Version):
        for name, campaign in campaigns:
            for training in campaign.watch_training if _calls_for_runs(campaign, version) else ():
                fingerprint = digest(training.config.canonical)
                yield RunRequest(version.id, name, training.name, fingerprint)


def _calls_for_runs(campaign: Campaign, version: Version) -> bool:
    """Return whether a campaign requests runs for a version, which must have passed all gates."""
    is_passed = not version.override and all(gate.passed for gate in version.gates)
    is_match = fnmatchcase(version.name, campaign.watch.versions)
    return version.campaign == campaign.name and is_match and is_passed


def _describe(request: RunRequest) -> str:
    return f"the run of {request.training} on version {request.version[:12]}"


def _reason(status: int, lines: list[str]) -> str:
    if status < 0:
        return f"killed by signal {-status}" + (" (out of memory?)" if status == -9 else "")
    return lines[-1] if lines else f"it exited with status {status} and printed nothing"

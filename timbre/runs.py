"""Runs as rows: what was started, how it ended, which are of a version or campaign."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from db.records import EventKind, Run, Version
from db.store import Store
from timbre.settings import SettingsError
from timbre.stores import found_as, kept


class RunState(StrEnum):
    """How far a run has come."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class RunStatus:
    """A run with its state and what its last event tells: losses, times, or the failure."""

    run: Run
    state: RunState
    at: str
    detail: dict[str, Any]


def run_status(store: Store, run: Run) -> RunStatus:
    """The state of a run after its last event."""
    states = {EventKind.STARTED, EventKind.FINISHED, EventKind.FAILED}
    last = [event for event in store.events(run.id) if event.kind in states][-1]
    return RunStatus(run, RunState(last.kind.value), last.at, json.loads(last.detail))


def campaign_runs(store: Store, campaign: str) -> list[RunStatus]:
    """The runs on versions of a campaign (of all where it is empty), oldest first."""
    where: dict[str, object] = {"campaign": campaign} if campaign else {}
    versions = tuple(version.id for version in store.stream(Version, **where))
    return [run_status(store, run) for run in store.stream(Run, version=versions)]


def found_run(store: Store, campaign: str, prefix: str) -> Run:
    """The run of a campaign that an id or its beginning means.

    Raises `StoreError` if it is no run. Raises `SettingsError` if it is another campaign's, whose
    prompts would be measured by what they were not written for.
    """
    run = found_as(store, Run, prefix)
    own = kept(store, Version, run.version).campaign
    if own != campaign:
        raise SettingsError(
            f"found run {run.id[:12]} of the campaign {own}, expected one of {campaign}; name its "
            "own campaign, or see `timbre run list`"
        )
    return run


def newest_finished(store: Store, campaign: str) -> RunStatus | None:
    """The campaign's run that finished last, None where none did."""
    finished = [s for s in campaign_runs(store, campaign) if s.state is RunState.FINISHED]
    return max(finished, key=lambda status: status.at, default=None)


def newest_finished_on(store: Store, version: Version) -> RunStatus | None:
    """The run on a version that finished last, None where none did."""
    found = (run_status(store, run) for run in store.stream(Run, version=version.id))
    finished = [status for status in found if status.state is RunState.FINISHED]
    return max(finished, key=lambda status: status.at, default=None)

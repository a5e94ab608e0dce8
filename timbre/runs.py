"""Runs as rows: what was started, how it ended, which are of a version or campaign."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from db.records import EventKind, Run, Version
from db.store import Store
from db.versions import withdrawn
from timbre.settings import SettingsError
from timbre.stores import found_as, kept
from timbre.versions import check_campaign


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


def check_finished(store: Store, run: Run) -> None:
    """Refuse a run that has no adapter to use, or none yet.

    Raises `SettingsError` if it was not trained to its end.
    """
    if run_status(store, run).state is not RunState.FINISHED:
        raise SettingsError(
            f"found the run {run.id[:12]} not finished, expected a finished one; train it first"
        )


def withdrawal(store: Store, run: Run) -> str:
    """That something was withdrawn from a run's version, in words; empty where it is whole."""
    gone = withdrawn(store, kept(store, Version, run.version))
    if not gone:
        return ""
    what = json.loads(gone[0].detail).get("withdrawn", "something")
    return (
        f"Version {run.version[:12]} had {what} withdrawn on {gone[0].at[:10]}; this run's adapter "
        "still has it: train on a new version, and delete what was made of this one."
    )


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
    check_campaign(kept(store, Version, run.version), campaign, f"run {run.id[:12]}")
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

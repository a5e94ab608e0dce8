"""Look up training runs and their states by version or campaign."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from db.errors import StoreError
from db.records import EventKind, Run, Version
from db.store import Store
from db.versions.contents import check_campaign, withdrawals


class RunState(StrEnum):
    """The state of a training run."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class RunStatus:
    """A run and its last event: the state, the time, and the losses or the failure reason."""

    run: Run
    state: RunState
    at: str
    detail: dict[str, Any]


def run_status(store: Store, run: Run) -> RunStatus:
    """The current status of a run, based on its last event."""
    states = {EventKind.STARTED, EventKind.FINISHED, EventKind.FAILED}
    last = [event for event in store.events(run.id) if event.kind in states][-1]
    return RunStatus(run, RunState(last.kind.value), last.at, json.loads(last.detail))


def check_finished(store: Store, run: Run) -> None:
    """Raise `StoreError` if a run hasn't finished training and therefore has no adapter yet."""
    if run_status(store, run).state is not RunState.FINISHED:
        raise StoreError(
            f"Run {run.id[:12]} hasn't finished training. Train it first with `timbre train`."
        )


def withdrawal_notice(store: Store, run: Run) -> str:
    """A warning that some training data of a run was withdrawn, or an empty string if none was."""
    events = withdrawals(store, store.require(Version, run.version))
    if not events:
        return ""
    data = json.loads(events[0].detail).get("withdrawn", "something")
    return (
        f"Version {run.version[:12]} had {data} withdrawn on {events[0].at[:10]}. This run's "
        "adapter was trained on that data. Train on a new version, and delete this adapter and "
        "its outputs."
    )


def campaign_runs(store: Store, campaign: str) -> list[RunStatus]:
    """The runs trained on a campaign's versions, oldest first.

    If `campaign` is empty, all runs are returned.
    """
    where: dict[str, object] = {"campaign": campaign} if campaign else {}
    return version_runs(store, *store.stream(Version, **where))


def version_runs(store: Store, *versions: Version) -> list[RunStatus]:
    """The runs trained on the given versions, oldest first."""
    ids = tuple(version.id for version in versions)
    return [run_status(store, run) for run in store.stream(Run, version=ids)]


def find_run(store: Store, campaign: str, prefix: str) -> Run:
    """Find the run of a campaign whose id starts with a prefix.

    Raises `StoreError` if the run doesn't exist or belongs to another campaign.
    """
    run = store.find(Run, prefix)
    check_campaign(store.require(Version, run.version), campaign, f"Run {run.id[:12]}")
    return run


def newest_finished(statuses: Iterable[RunStatus]) -> RunStatus | None:
    """The run that finished most recently, or None if no runs have finished."""
    finished = (status for status in statuses if status.state is RunState.FINISHED)
    return max(finished, key=lambda status: status.at, default=None)


@dataclass(frozen=True)
class Promotion:
    """The decision to use a run for a campaign, its reason, and the run (or "base") it replaced."""

    campaign: str
    run: Run
    at: str
    over: str
    reason: str


def promotions(store: Store, campaign: str = "") -> list[Promotion]:
    """All promotions in a campaign, or in all campaigns if `campaign` is empty, oldest first."""
    result = [
        Promotion(detail["campaign"], run, event.at, detail["over"], detail["reason"])
        for run in store.stream(Run)
        for event in store.events(run.id)
        if event.kind is EventKind.PROMOTED
        for detail in [json.loads(event.detail)]
        if campaign in ("", detail["campaign"])
    ]
    return sorted(result, key=lambda promotion: promotion.at)


def promoted_run(store: Store, campaign: str) -> Run | None:
    """The run that a campaign currently uses, or None before the first promotion."""
    return next((each.run for each in reversed(promotions(store, campaign))), None)

"""The training queue: a table of run requests, each claimed by at most one worker at a time.

A worker claims a request, sends heartbeats while it trains, and finishes or releases the claim. If
the heartbeats stop, the worker is presumed dead, and another worker can claim the request.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, and_, func, or_, select

from db.records import canonical, digest
from db.sql.rows import insert_rows
from db.sql.tables import run_claims
from db.store import Store

ATTEMPTS = 2
"""The maximum number of attempts before a run counts as failed."""


class ClaimState(StrEnum):
    """The state of a queued training run."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A request for a training run: the version id, the campaign, and the training settings.

    `training` is the name of the settings; `training_fingerprint` is a hash of their content.
    """

    version: str
    campaign: str
    training: str
    training_fingerprint: str

    @property
    def key(self) -> str:
        """A hash that identifies the request (16 hex digits).

        The hash doesn't depend on the name of the training settings.
        """
        return digest(canonical([self.version, self.campaign, self.training_fingerprint]))[:16]


@dataclass(frozen=True, slots=True)
class Claim:
    """A run request and its state, which last changed at `changed_at` (ISO 8601 in UTC).

    `attempts` counts the failed, abandoned and running attempts to train the run, and `reason` says
    why the last attempt failed. `worker` is the worker that holds the request, or the last worker
    that held it. `token` is unique to each claim, and empty while no worker holds the request.
    """

    request: RunRequest
    state: ClaimState
    attempts: int
    worker: str
    token: str
    reason: str
    changed_at: str

    @property
    def is_exhausted(self) -> bool:
        """Whether the worker died during the last allowed attempt, so that no retry is possible."""
        return self.attempts > ATTEMPTS


def enqueue(store: Store, request: RunRequest) -> bool:
    """Add a request to the queue, or return False if the queue already contains it.

    Raises `StoreError` if the version isn't in the store.
    """
    with store.writing() as connection:
        row = {"key": request.key, **asdict(request), "state": ClaimState.WAITING.value}
        row |= {"attempts": 0, "changed_at": _time(connection)}
        row |= dict.fromkeys(("worker", "token", "heartbeat_at", "reason"), "")
        return insert_rows(connection, run_claims, tuple(row), [tuple(row.values())]) == 1


def claim_next(store: Store, worker: str, stale_after: float) -> Claim | None:
    """Claim the request that has waited longest, or return None if no requests are waiting.

    Claiming a request counts as an attempt to train the run. If a worker hasn't sent a heartbeat
    for `stale_after` seconds, its request can be claimed again. Don't start the run if
    `is_exhausted` is true for the returned claim.
    """
    table = run_claims.c
    # Only one writer runs at a time, so two workers can't claim the same request.
    with store.writing() as connection:
        is_stale = table.heartbeat_at < _time(connection, -stale_after)
        is_free = or_(
            table.state == ClaimState.WAITING.value,
            and_(table.state == ClaimState.WORKING.value, is_stale),
        )
        oldest = select(table.key).where(is_free).order_by(table.changed_at, table.key).limit(1)
        values = {"state": ClaimState.WORKING.value, "worker": worker, "token": uuid4().hex}
        values |= dict.fromkeys(("heartbeat_at", "changed_at"), _time(connection))
        claim = (
            run_claims.update()
            .where(table.key == oldest.scalar_subquery())
            .values(attempts=table.attempts + 1, **values)
            .returning(*table)
        )
        row = connection.execute(claim).mappings().first()
        return _claim(row) if row else None


def heartbeat(store: Store, claim: Claim) -> bool:
    """Record that the worker is alive, or return False if the worker has lost the claim."""
    return _update(store, claim)


def finish(store: Store, claim: Claim, state: ClaimState, reason: str = "") -> bool:
    """End a claim with the outcome of its attempt; return False if the claim was already lost.

    `state` is `DONE`, `FAILED`, or `WAITING` if a failed attempt should be retried.
    """
    attempts = min(claim.attempts, ATTEMPTS)
    return _update(store, claim, token="", state=state.value, attempts=attempts, reason=reason)


def release(store: Store, claim: Claim) -> bool:
    """End a claim without counting the attempt; return False if the claim was already lost."""
    waiting = ClaimState.WAITING.value
    return _update(store, claim, token="", state=waiting, attempts=claim.attempts - 1)


def forget(store: Store, key: str) -> bool:
    """Remove a request so that it can be queued again; return False if the key doesn't exist.

    A worker that currently holds the request loses its claim.
    """
    with store.writing() as connection:
        removed = connection.execute(run_claims.delete().where(run_claims.c.key == key))
        return removed.rowcount == 1


def list_claims(store: Store) -> list[Claim]:
    """List all requests with their states, ordered by the time of the last change."""
    query = select(run_claims).order_by(run_claims.c.changed_at, run_claims.c.key)
    with store.reading() as connection:
        return [_claim(row) for row in connection.execute(query).mappings()]


def _update(store: Store, claim: Claim, **values: Any) -> bool:
    """Update a claim's row, unless another worker has taken over the claim."""
    with store.writing() as connection:
        values["heartbeat_at"] = now = _time(connection)
        if "state" in values:
            values["changed_at"] = now
        is_held = and_(
            run_claims.c.key == claim.request.key,
            run_claims.c.state == ClaimState.WORKING.value,
            run_claims.c.token == claim.token,
        )
        return connection.execute(run_claims.update().where(is_held).values(values)).rowcount == 1


def _time(connection: Connection, offset: float = 0.0) -> str:
    """Return the current time plus `offset` seconds, in ISO 8601 and UTC.

    With PostgreSQL, the time comes from the database server's clock, so that all workers agree on
    the time.
    """
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    else:
        now = datetime.now(UTC)  # all SQLite workers run on one machine
    return (now.astimezone(UTC) + timedelta(seconds=offset)).isoformat(timespec="microseconds")


def _claim(row: RowMapping) -> Claim:
    names = ("version", "campaign", "training", "training_fingerprint")
    return Claim(
        request=RunRequest(**{name: row[name] for name in names}),
        state=ClaimState(row["state"]),
        **{name: row[name] for name in ("attempts", "worker", "token", "reason", "changed_at")},
    )

"""The training queue: run requests in a table, each held by at most one worker at a time.

A worker claims a request, sends heartbeats while it trains, and finishes or releases the claim. A
claim whose heartbeats stopped belongs to a dead worker, and the next one takes it over.
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
"""How often a run is tried before it counts as failed."""


class ClaimState(StrEnum):
    """The state of a requested run."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run to train: a version's id, a campaign, and training settings.

    `training` names the settings; `training_fingerprint` is a hash of their content.
    """

    version: str
    campaign: str
    training: str
    training_fingerprint: str

    @property
    def key(self) -> str:
        """A hash of the request in 16 hex digits. It ignores the name of the training settings."""
        return digest(canonical([self.version, self.campaign, self.training_fingerprint]))[:16]


@dataclass(frozen=True, slots=True)
class Claim:
    """A request and its state, which last changed at `changed_at` (ISO 8601 in UTC).

    `attempts` counts attempts that failed, died or are running, and `reason` says why the last one
    failed. `worker` holds the request or held it last. `token` identifies one claim by one worker;
    it is empty if nobody holds the request.
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
        """Whether the last allowed attempt died with its worker, so that it mustn't be repeated."""
        return self.attempts > ATTEMPTS


def enqueue(store: Store, request: RunRequest) -> bool:
    """Add a request to the queue; False if it was already queued, whatever its state.

    Raises `StoreError` if the store doesn't have the version.
    """
    with store.writing() as connection:
        row = {"key": request.key, **asdict(request), "state": ClaimState.WAITING.value}
        row |= {"attempts": 0, "changed_at": _time(connection)}
        row |= dict.fromkeys(("worker", "token", "heartbeat_at", "reason"), "")
        return insert_rows(connection, run_claims, tuple(row), [tuple(row.values())]) == 1


def claim_next(store: Store, worker: str, stale_after: float) -> Claim | None:
    """Claim the longest-waiting request and count an attempt; None if no request is waiting.

    A claim whose last heartbeat is more than `stale_after` seconds old counts as waiting. Check
    `is_exhausted` before running what this returns.
    """
    table = run_claims.c
    # Writers take turns, so two workers never see the same request unclaimed.
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
    """Record that a claim's worker is alive; False means it lost the claim and must stop."""
    return _update(store, claim)


def finish(store: Store, claim: Claim, state: ClaimState, reason: str = "") -> bool:
    """Give a claim back with the outcome of its attempt; False if it was lost before.

    `state` is `DONE`, `FAILED`, or `WAITING` to try once more after a failed attempt.
    """
    attempts = min(claim.attempts, ATTEMPTS)
    return _update(store, claim, token="", state=state.value, attempts=attempts, reason=reason)


def release(store: Store, claim: Claim) -> bool:
    """Give a claim back without counting its attempt; False if it was lost before."""
    waiting = ClaimState.WAITING.value
    return _update(store, claim, token="", state=waiting, attempts=claim.attempts - 1)


def forget(store: Store, key: str) -> bool:
    """Remove a request, so that it can be enqueued again; False if there's no such key.

    A worker that holds the request loses it.
    """
    with store.writing() as connection:
        removed = connection.execute(run_claims.delete().where(run_claims.c.key == key))
        return removed.rowcount == 1


def list_claims(store: Store) -> list[Claim]:
    """Every request and its state, the latest change last."""
    query = select(run_claims).order_by(run_claims.c.changed_at, run_claims.c.key)
    with store.reading() as connection:
        return [_claim(row) for row in connection.execute(query).mappings()]


def _update(store: Store, claim: Claim, **values: Any) -> bool:
    """Change a claim's row if the claim still holds it."""
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
    """The time plus `offset` seconds (ISO 8601, UTC), by the clock that all workers share."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    else:
        now = datetime.now(UTC)  # an SQLite file and its workers are on one machine
    return (now.astimezone(UTC) + timedelta(seconds=offset)).isoformat(timespec="microseconds")


def _claim(row: RowMapping) -> Claim:
    names = ("version", "campaign", "training", "training_fingerprint")
    return Claim(
        request=RunRequest(**{name: row[name] for name in names}),
        state=ClaimState(row["state"]),
        **{name: row[name] for name in ("attempts", "worker", "token", "reason", "changed_at")},
    )

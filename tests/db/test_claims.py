"""The training queue: each request is current by one worker at a time, whatever dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from db.claims import (
    ATTEMPTS,
    Claim,
    ClaimState,
    RunRequest,
    claim_next,
    enqueue,
    finish,
    forget,
    heartbeat,
    list_claims,
    release,
)
from db.errors import StoreError
from db.records import Version
from db.store import Store

VERSION = Version(root="a" * 64, name="tone-1", campaign="tone")
REQUEST = RunRequest(VERSION.id, "tone", "mini", "f1")
MINUTE = 60.0

# Claims requests until none is left, noting who holds what in a file; the fourth argument is how
# many seconds it works on each.
WORKER = """
import sys, time
from db.claims import *
from db.store import Store
url, name, log, seconds, stale_after = sys.argv[1:]
with Store.open(url) as store, open(log, "a", buffering=1) as file:
    while claim := claim_next(store, name, float(stale_after)):
        print("began", name, claim.request.key, claim.attempts, file=file)
        time.sleep(float(seconds))
        if finish(store, claim, ClaimState.DONE):
            print("ended", name, claim.request.key, claim.attempts, file=file)
"""


@pytest.fixture
def queue(store: Store) -> Store:
    """A store with one version and no requests."""
    store.add([VERSION])
    return store


def requests(count: int) -> list[RunRequest]:
    return [RunRequest(VERSION.id, "tone", f"training-{n}", f"f{n}") for n in range(count)]


def claim(queue: Store, stale_after: float = MINUTE) -> Claim:
    result = claim_next(queue, "me", stale_after)
    assert result
    return result


def only(queue: Store) -> Claim:
    (result,) = list_claims(queue)
    return result


def start_worker(
    url: str, name: str, log: Path, *, seconds: float, stale_after: float = MINUTE
) -> "subprocess.Popen[bytes]":
    arguments = [url, name, str(log), str(seconds), str(stale_after)]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], cwd=Path.cwd())


def lines(log: Path, first_word: str) -> list[list[str]]:
    words = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [each[1:] for each in words if each[0] == first_word]


def wait_for_line(log: Path, first_word: str) -> list[str]:
    deadline = time.monotonic() + 120
    while not (matches := lines(log, first_word)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return matches[0]


def test_a_request_is_enqueued_once_whatever_its_state(queue: Store) -> None:
    assert enqueue(queue, REQUEST)
    assert not enqueue(queue, REQUEST)
    current = claim(queue)
    assert not enqueue(queue, REQUEST)
    assert finish(queue, current, ClaimState.DONE)
    assert not enqueue(queue, REQUEST)
    assert claim_next(queue, "me", MINUTE) is None


def test_the_key_depends_on_the_settings_and_not_on_their_name(queue: Store) -> None:
    assert enqueue(queue, REQUEST)
    assert not enqueue(queue, RunRequest(VERSION.id, "tone", "renamed", "f1"))
    assert enqueue(queue, RunRequest(VERSION.id, "tone", "mini", "f2"))
    assert enqueue(queue, RunRequest(VERSION.id, "other", "mini", "f1"))
    assert REQUEST.key == "8c3da934f142ed95"


def test_a_request_for_an_unknown_version_fails(queue: Store) -> None:
    with pytest.raises(StoreError, match="refers to"):
        enqueue(queue, RunRequest("b" * 64, "tone", "mini", "f1"))


def test_requests_are_claimed_in_the_order_they_were_enqueued(queue: Store) -> None:
    for request in requests(3):
        enqueue(queue, request)
    assert [claim(queue).request for _ in range(3)] == requests(3)
    assert claim_next(queue, "me", MINUTE) is None


def test_a_claim_shows_who_works_on_it(queue: Store) -> None:
    enqueue(queue, REQUEST)
    waiting = only(queue)
    assert (waiting.state, waiting.attempts, waiting.token) == (ClaimState.WAITING, 0, "")
    current = claim(queue)
    assert only(queue) == current
    assert (current.state, current.attempts, current.worker) == (ClaimState.WORKING, 1, "me")
    assert current.token
    assert current.changed_at > waiting.changed_at


def test_a_failed_attempt_is_tried_again_and_then_given_up(queue: Store) -> None:
    enqueue(queue, REQUEST)
    first = claim(queue)
    assert finish(queue, first, ClaimState.WAITING, "no disk")
    assert (only(queue).state, only(queue).attempts) == (ClaimState.WAITING, 1)
    second = claim(queue)
    assert (second.attempts, second.reason, second.is_exhausted) == (ATTEMPTS, "no disk", False)
    assert finish(queue, second, ClaimState.FAILED, "still no disk")
    assert (only(queue).state, only(queue).reason) == (ClaimState.FAILED, "still no disk")
    assert claim_next(queue, "me", -MINUTE) is None


def test_a_released_claim_counts_no_attempt_and_goes_to_the_end(queue: Store) -> None:
    for request in requests(2):
        enqueue(queue, request)
    first = claim(queue)
    assert release(queue, first)
    assert [(c.request, c.attempts) for c in list_claims(queue)] == [
        (requests(2)[1], 0),
        (requests(2)[0], 0),
    ]
    assert claim(queue).request == requests(2)[1]


def test_a_heartbeat_keeps_a_claim_and_a_stale_one_is_taken_over(queue: Store) -> None:
    enqueue(queue, REQUEST)
    first = claim(queue)
    time.sleep(0.5)
    assert heartbeat(queue, first)
    assert claim_next(queue, "other", 0.45) is None
    time.sleep(0.5)
    second = claim_next(queue, "other", 0.45)
    assert second
    assert (second.attempts, second.worker) == (2, "other")
    assert not heartbeat(queue, first)
    assert not finish(queue, first, ClaimState.DONE)
    assert not release(queue, first)
    assert only(queue) == second


def test_a_claim_whose_attempts_all_died_is_exhausted(queue: Store) -> None:
    enqueue(queue, REQUEST)
    for _ in range(ATTEMPTS):
        assert not claim(queue, -MINUTE).is_exhausted
    last = claim(queue, -MINUTE)
    assert last.is_exhausted
    assert finish(queue, last, ClaimState.FAILED, "the worker died during the run")
    assert only(queue).attempts == ATTEMPTS


def test_an_exhausted_claim_stays_exhausted_after_its_release(queue: Store) -> None:
    enqueue(queue, REQUEST)
    for _ in range(ATTEMPTS):
        claim(queue, -MINUTE)
    assert release(queue, claim(queue, -MINUTE))
    assert claim(queue).is_exhausted


def test_a_finished_claim_cannot_be_changed_again(queue: Store) -> None:
    enqueue(queue, REQUEST)
    current = claim(queue)
    assert finish(queue, current, ClaimState.DONE)
    assert not finish(queue, current, ClaimState.FAILED, "late")
    assert not heartbeat(queue, current)
    assert only(queue).state is ClaimState.DONE


def test_an_unclaimed_request_cannot_be_changed(queue: Store) -> None:
    enqueue(queue, REQUEST)
    assert not heartbeat(queue, only(queue))
    assert not finish(queue, only(queue), ClaimState.DONE)
    assert only(queue).state is ClaimState.WAITING


def test_a_forgotten_request_is_lost_to_its_worker_and_starts_anew(queue: Store) -> None:
    enqueue(queue, REQUEST)
    current = claim(queue)
    assert forget(queue, REQUEST.key)
    assert not forget(queue, REQUEST.key)
    assert not heartbeat(queue, current)
    assert enqueue(queue, REQUEST)
    assert not finish(queue, current, ClaimState.DONE)
    assert claim(queue).attempts == 1


def test_workers_that_compete_hold_each_request_once(
    queue: Store, url: str, tmp_path: Path
) -> None:
    for request in requests(40):
        enqueue(queue, request)
    log = tmp_path / "log"
    workers = [start_worker(url, f"w{n}", log, seconds=0.01) for n in range(3)]
    assert [worker.wait(300) for worker in workers] == [0, 0, 0]
    assert Counter(key for _, key, _ in lines(log, "began")) == {r.key: 1 for r in requests(40)}
    assert Counter(key for _, key, _ in lines(log, "ended")) == {r.key: 1 for r in requests(40)}
    assert {c.state for c in list_claims(queue)} == {ClaimState.DONE}


def test_of_several_that_claim_at_the_same_moment_one_gets_the_claim(
    queue: Store, url: str
) -> None:
    enqueue(queue, REQUEST)
    barrier = threading.Barrier(8)

    def claim_at_once(name: str) -> tuple[Claim | None, Claim | None]:
        with Store.open(url) as store:
            barrier.wait(60)
            fresh = claim_next(store, name, MINUTE)
            barrier.wait(60)
            time.sleep(0.6)
            barrier.wait(60)
            return fresh, claim_next(store, name, 0.5)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(claim_at_once, "abcdefgh"))
    (fresh,) = (fresh for fresh, _ in results if fresh)
    (stale,) = (stale for _, stale in results if stale)
    assert (fresh.attempts, stale.attempts) == (1, 2)
    assert only(queue) == stale


def test_competing_workers_take_over_a_stale_claim_once(
    queue: Store, url: str, tmp_path: Path
) -> None:
    enqueue(queue, REQUEST)
    claim(queue)
    time.sleep(1)
    log = tmp_path / "log"
    workers = [start_worker(url, f"w{n}", log, seconds=0, stale_after=1) for n in range(3)]
    assert [worker.wait(300) for worker in workers] == [0, 0, 0]
    assert [attempt for _, _, attempt in lines(log, "began")] == ["2"]


def test_the_claim_of_a_killed_worker_is_taken_over(queue: Store, url: str, tmp_path: Path) -> None:
    enqueue(queue, REQUEST)
    log = tmp_path / "log"
    killed = start_worker(url, "killed", log, seconds=300)
    wait_for_line(log, "began")
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert claim_next(queue, "me", MINUTE) is None
    assert only(queue).worker == "killed"
    time.sleep(1.1)
    other = start_worker(url, "other", log, seconds=0, stale_after=1)
    assert other.wait(300) == 0
    assert lines(log, "ended") == [["other", REQUEST.key, "2"]]
    assert only(queue).state is ClaimState.DONE


def test_workers_killed_at_any_moment_leave_a_queue_that_is_finished(
    queue: Store, url: str, tmp_path: Path
) -> None:
    for request in requests(30):
        enqueue(queue, request)
    log = tmp_path / "log"
    for n in range(4):
        killed = start_worker(url, f"killed{n}", log, seconds=0.005)
        while len(lines(log, "began")) < 5 * (n + 1):
            assert killed.poll() is None
            time.sleep(0.002)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    assert start_worker(url, "last", log, seconds=0, stale_after=0).wait(300) == 0
    claims = list_claims(queue)
    assert {c.state for c in claims} == {ClaimState.DONE}
    assert {c.attempts for c in claims} <= {1, 2}
    ended = Counter(key for _, key, _ in lines(log, "ended"))
    assert all(count == 1 for count in ended.values())

import asyncio
import sqlite3
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rq.exceptions import NoSuchJobError
from rq.job import JobStatus
from timbre_argilla import jobs, worker
from timbre_argilla.jobs import Job, JobQueue, JobStore
from timbre_argilla.worker import Worker

NAMES = st.sampled_from(["uuid", "time", "json", "$uuid"]) | st.text()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=10,
)
VALUES = PLAIN | st.uuids() | st.datetimes()
ARGUMENTS = st.tuples(st.lists(VALUES), st.dictionaries(NAMES, VALUES))


def store(folder: Path) -> JobStore:
    return JobStore(folder / "jobs.db")


def taken(kept: JobStore) -> Job:
    job = kept.take("default")
    assert job is not None
    return job


@given(ARGUMENTS)
def test_arguments_come_back_as_they_were_written(value: Any) -> None:
    assert jobs._loads(jobs._dumps(value)) == value


def test_a_job_taken_is_not_taken_again(tmp_path: Path) -> None:
    kept = store(tmp_path)
    made = kept.add("default", "m:f", ([1], {"a": 2}), ())
    job = taken(kept)
    assert (job.id, job.arguments) == (made.id, ([1], {"a": 2}))
    assert job.status == JobStatus.STARTED
    assert kept.take("default") is None


def test_a_job_is_done_in_its_own_queue_only(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.add("high", "m:f", ([], {}), ())
    assert kept.take("default") is None


def test_jobs_that_were_queued_or_under_way_when_the_process_died_are_taken_up(
    tmp_path: Path,
) -> None:
    before = store(tmp_path)
    names = [before.add("default", f"m:f{n}", ([], {}), ()).id for n in range(3)]
    before.take("default")
    after = store(tmp_path)
    found = [after.take("default") for _ in range(3)]
    assert {job.id for job in found if job} == set(names)


def test_a_failing_job_is_tried_as_often_as_it_has_waits_and_then_given_up(
    tmp_path: Path,
) -> None:
    kept = store(tmp_path)
    made = kept.add("default", "m:f", ([], {}), (0.0, 0.0))
    for more in (True, True, False):
        job = taken(kept)
        assert kept.fail(job) is more
    assert kept.get(made.id).status == JobStatus.FAILED


def test_a_job_put_back_waits(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.add("default", "m:f", ([], {}), (60.0,))
    job = taken(kept)
    kept.fail(job)
    assert kept.take("default") is None


def test_what_a_finished_job_was_given_is_forgotten_at_once(tmp_path: Path) -> None:
    kept = store(tmp_path)
    made = kept.add("default", "m:f", ([], {"token": "hf_secret"}), ())
    job = taken(kept)
    kept.finish(job)
    assert kept.get(made.id).status == JobStatus.FINISHED
    kept.close()
    rows = sqlite3.connect(tmp_path / "jobs.db").execute("SELECT * FROM jobs").fetchall()
    assert "hf_secret" not in str(rows)


def test_an_unknown_job_is_the_error_that_argillas_api_expects(tmp_path: Path) -> None:
    with pytest.raises(NoSuchJobError):
        store(tmp_path).get(str(uuid4()))


def test_only_the_owner_of_the_file_can_read_it(tmp_path: Path) -> None:
    store(tmp_path)
    assert (tmp_path / "jobs.db").stat().st_mode & 0o077 == 0


def test_a_queue_writes_down_what_argilla_hands_it_and_wakes_the_worker(tmp_path: Path) -> None:
    woken: list[int] = []
    kept = store(tmp_path)
    queue = JobQueue("high", kept, lambda: woken.append(1))
    retry = SimpleNamespace(max=3, intervals=[10, 60])
    made = queue.enqueue_call(asyncio.sleep, args=(1,), kwargs={"x": 2}, timeout=5, retry=retry)
    assert woken == [1]
    assert kept.get(made.id).arguments == ([1], {"x": 2})
    assert (made.name, made.waits) == ("asyncio.tasks:sleep", (10.0, 60.0, 60.0))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Jobs become calls of a function that writes down what it gets."""
    made: list[tuple[Any, ...]] = []

    async def write_down(*given: Any) -> None:
        made.append(given)
        if given[0] == "fails":
            raise OSError("no listener")

    monkeypatch.setattr(worker, "_function", lambda name: write_down)
    return made


async def until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def test_a_worker_runs_what_is_queued_before_and_after_it_starts(
    tmp_path: Path, calls: list[tuple[Any, ...]]
) -> None:
    kept = store(tmp_path)
    ident, moment = UUID(int=7), datetime(2026, 11, 21, 12, 30)  # noqa: DTZ001 (as Argilla's are)
    first = kept.add("default", "x", ([ident, moment], {}), ())
    hands = Worker(kept)
    hands.start()
    await until(lambda: kept.get(first.id).status == JobStatus.FINISHED)
    second = kept.add("high", "x", (["later"], {}), ())
    hands.wake()
    await until(lambda: kept.get(second.id).status == JobStatus.FINISHED)
    await hands.stop()
    assert calls == [(ident, moment), ("later",)]


async def test_a_worker_outlives_a_job_that_fails(
    tmp_path: Path, calls: list[tuple[Any, ...]]
) -> None:
    kept = store(tmp_path)
    bad = kept.add("default", "x", (["fails"], {}), (0.0,))
    good = kept.add("default", "x", (["works"], {}), ())
    hands = Worker(kept)
    hands.start()
    await until(lambda: kept.get(bad.id).status == JobStatus.FAILED)
    await until(lambda: kept.get(good.id).status == JobStatus.FINISHED)
    await hands.stop()
    assert calls.count(("fails",)) == 2


async def test_a_job_under_way_when_the_server_stops_is_run_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def endless() -> None:
        begun.set()
        await asyncio.sleep(1000)

    monkeypatch.setattr(worker, "_function", lambda name: endless)
    kept = store(tmp_path)
    made = kept.add("default", "x", ([], {}), ())
    hands = Worker(kept)
    hands.start()
    await asyncio.wait_for(begun.wait(), 10)
    await hands.stop()
    assert taken(store(tmp_path)).id == made.id


def test_only_argillas_own_jobs_are_run() -> None:
    with pytest.raises(ValueError, match="no job of Argilla's"):
        worker._function("os:system")

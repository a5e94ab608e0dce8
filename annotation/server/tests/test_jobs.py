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
from timbre_argilla.jobs import Arguments, Job, JobQueue, JobStore
from timbre_argilla.worker import Worker

NAMES = st.sampled_from(["uuid", "time", "json", "$uuid"]) | st.text()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=10,
)
VALUES = PLAIN | st.uuids() | st.datetimes()
ARGUMENTS = st.builds(Arguments, st.lists(VALUES), st.dictionaries(NAMES, VALUES))
NOTHING = Arguments([], {})


def open_store(folder: Path) -> JobStore:
    return JobStore(folder / "jobs.db")


def take(store: JobStore) -> Job:
    job = store.take("default")
    assert job is not None
    return job


@given(ARGUMENTS)
def test_arguments_survive_a_round_trip(value: Any) -> None:
    assert jobs._loads(jobs._dumps(value)) == value


def test_a_job_is_taken_only_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    queued = store.add("default", "m:f", Arguments([1], {"a": 2}), ())
    job = take(store)
    assert (job.id, job.arguments) == (queued.id, Arguments([1], {"a": 2}))
    assert job.status == JobStatus.STARTED
    assert store.take("default") is None


def test_a_job_is_taken_only_from_its_own_queue(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add("high", "m:f", NOTHING, ())
    assert store.take("default") is None


def test_queued_and_started_jobs_are_taken_after_a_crash(
    tmp_path: Path,
) -> None:
    before = open_store(tmp_path)
    ids = [before.add("default", f"m:f{n}", NOTHING, ()).id for n in range(3)]
    before.take("default")
    after = open_store(tmp_path)
    jobs = [after.take("default") for _ in range(3)]
    assert {job.id for job in jobs if job} == set(ids)


def test_a_failing_job_is_retried_once_per_wait_and_then_fails(
    tmp_path: Path,
) -> None:
    store = open_store(tmp_path)
    queued = store.add("default", "m:f", NOTHING, (0.0, 0.0))
    for has_retry in (True, True, False):
        job = take(store)
        assert store.fail(job) is has_retry
    assert store.fetch(queued.id).status == JobStatus.FAILED


def test_a_retry_waits(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add("default", "m:f", NOTHING, (60.0,))
    job = take(store)
    store.fail(job)
    assert store.take("default") is None


def test_the_arguments_of_a_finished_job_are_deleted(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    queued = store.add("default", "m:f", Arguments([], {"token": "hf_secret"}), ())
    job = take(store)
    store.finish(job)
    assert store.fetch(queued.id).status == JobStatus.FINISHED
    store.close()
    rows = sqlite3.connect(tmp_path / "jobs.db").execute("SELECT * FROM jobs").fetchall()
    assert "hf_secret" not in str(rows)


def test_an_unknown_job_raises_the_error_that_argillas_api_expects(tmp_path: Path) -> None:
    with pytest.raises(NoSuchJobError):
        open_store(tmp_path).fetch(str(uuid4()))


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    open_store(tmp_path)
    assert (tmp_path / "jobs.db").stat().st_mode & 0o077 == 0


def test_a_queue_stores_calls_and_wakes_the_worker(tmp_path: Path) -> None:
    wakes: list[int] = []
    store = open_store(tmp_path)
    queue = JobQueue("high", store, lambda: wakes.append(1))
    retry = SimpleNamespace(max=3, intervals=[10, 60])
    job = queue.enqueue_call(asyncio.sleep, args=(1,), kwargs={"x": 2}, timeout=5, retry=retry)
    assert wakes == [1]
    assert store.fetch(job.id).arguments == Arguments([1], {"x": 2})
    assert (job.name, job.waits) == ("asyncio.tasks:sleep", (10.0, 60.0, 60.0))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Run a function that records its arguments instead of jobs."""
    calls: list[tuple[Any, ...]] = []

    async def record(*arguments: Any) -> None:
        calls.append(arguments)
        if arguments[0] == "fails":
            raise OSError("no receiver")

    monkeypatch.setattr(worker, "_find_function", lambda name: record)
    return calls


async def wait_until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("timed out")


async def test_a_worker_runs_jobs_queued_before_and_after_its_start(
    tmp_path: Path, calls: list[tuple[Any, ...]]
) -> None:
    store = open_store(tmp_path)
    ident, moment = UUID(int=7), datetime(2026, 11, 21, 12, 30)  # noqa: DTZ001 (as Argilla's are)
    first = store.add("default", "x", Arguments([ident, moment], {}), ())
    runner = Worker(store)
    runner.start()
    await wait_until(lambda: store.fetch(first.id).status == JobStatus.FINISHED)
    second = store.add("high", "x", Arguments(["later"], {}), ())
    runner.wake()
    await wait_until(lambda: store.fetch(second.id).status == JobStatus.FINISHED)
    await runner.stop()
    assert calls == [(ident, moment), ("later",)]


async def test_a_worker_continues_after_a_job_fails(
    tmp_path: Path, calls: list[tuple[Any, ...]]
) -> None:
    store = open_store(tmp_path)
    bad = store.add("default", "x", Arguments(["fails"], {}), (0.0,))
    good = store.add("default", "x", Arguments(["works"], {}), ())
    runner = Worker(store)
    runner.start()
    await wait_until(lambda: store.fetch(bad.id).status == JobStatus.FAILED)
    await wait_until(lambda: store.fetch(good.id).status == JobStatus.FINISHED)
    await runner.stop()
    assert calls.count(("fails",)) == 2


async def test_a_job_interrupted_by_a_stop_is_taken_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = asyncio.Event()

    async def endless() -> None:
        start.set()
        await asyncio.sleep(1000)

    monkeypatch.setattr(worker, "_find_function", lambda name: endless)
    store = open_store(tmp_path)
    queued = store.add("default", "x", NOTHING, ())
    runner = Worker(store)
    runner.start()
    await asyncio.wait_for(start.wait(), 10)
    await runner.stop()
    assert take(open_store(tmp_path)).id == queued.id


def test_other_functions_than_argillas_jobs_are_rejected() -> None:
    with pytest.raises(ValueError, match="isn't one of Argilla's jobs"):
        worker._find_function("os:system")

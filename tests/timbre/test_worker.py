"""The worker: each version starts its runs once, whatever dies, and a failed run is reported."""

import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from db.claims import Claim, ClaimState, enqueue, forget, list_claims
from db.events import event
from db.records import EventKind, Gate, Run, Version
from db.store import Store
from timbre.campaign import load_campaign, load_training
from timbre.settings import Settings
from timbre.stores import migrate_database
from timbre.worker.logs import LineFormatter, LogStream
from timbre.worker.worker import Worker, WorkerOptions, requested_runs

# Stands in for `timbre run perform`: notes that it started, then does what the file `task` says.
SCRIPT = """
import os, pathlib, signal, sys, threading, time
home = pathlib.Path(sys.argv[1])
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(9)), daemon=True).start()
with (home / "started").open("a") as file:
    file.write(" ".join(sys.argv[2:]) + chr(10))
task = (home / "task").read_text()
if task == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if task == "fail":
    sys.exit("The disk is full.")
if task == "fail once" and len((home / "started").read_text().splitlines()) == 1:
    sys.exit("Nothing there yet.")
if task == "store away":
    (home / "task").write_text("work")
    sys.exit(75)
if task == "sleep":
    time.sleep(float((home / "seconds").read_text()))
(home / "finished").open("a").write("x")
print("done")
"""
PASSED = Gate("length", True, "all", "3 to 400 words", "none")
VERSION = Version(root="a" * 64, name="tone-1", campaign="tone", gates=(PASSED,))


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Settings(tmp_path, url, "", "", tmp_path / "argilla")
    migrate_database(made)
    with Store.open(url) as store:
        store.add([VERSION])
    (tmp_path / "tone.toml").write_text(
        'name = "tone"\ntone = "conversational"\ntraining = "mini"\n[watch]\nversions = "tone-*"\n'
    )
    (tmp_path / "script.py").write_text(SCRIPT)
    set_task(made, "work")
    return made


def set_task(settings: Settings, task: str, seconds: float = 0.0) -> None:
    (settings.home / "task").write_text(task)
    (settings.home / "seconds").write_text(str(seconds))


def make_worker(settings: Settings, stale_after: float = 120.0) -> Worker:
    command = (sys.executable, str(settings.home / "script.py"), str(settings.home))
    names = (str(settings.home / "tone.toml"),)
    return Worker(settings, WorkerOptions(names, interval=0.1, stale_after=stale_after), command)


def started(settings: Settings) -> list[str]:
    path = settings.home / "started"
    return path.read_text().splitlines() if path.exists() else []


def claims(settings: Settings) -> list[Claim]:
    with Store.open(settings.database_url) as store:
        return list_claims(store)


def states(settings: Settings) -> list[tuple[ClaimState, int]]:
    return [(claim.state, claim.attempts) for claim in claims(settings)]


def test_a_version_starts_its_run_once(settings: Settings) -> None:
    worker = make_worker(settings)
    assert worker.step()
    assert not worker.step()
    assert not make_worker(settings).step()
    arguments = f"{VERSION.id} --campaign {settings.home / 'tone.toml'} --config mini"
    assert started(settings) == [arguments]
    assert states(settings) == [(ClaimState.DONE, 1)]


def test_edited_training_settings_start_another_run(settings: Settings) -> None:
    training = settings.home / "small.toml"
    training.write_text('base = "mini"\nsteps = 5\n')
    campaign = settings.home / "tone.toml"
    campaign.write_text(campaign.read_text().replace('"mini"', f'"{training}"'))
    worker = make_worker(settings)
    assert worker.step()
    assert not worker.step()
    training.write_text('base = "mini"\nsteps = 6\n')
    assert worker.step()
    assert not worker.step()
    assert len(started(settings)) == 2


@pytest.mark.parametrize(
    ("change", "is_requested"),
    [
        ({}, True),
        ({"name": "other"}, False),
        ({"campaign": "another"}, False),
        ({"override": "we wanted it"}, False),
        ({"gates": (replace(PASSED, passed=False),)}, False),
    ],
)
def test_only_matching_versions_start_runs(
    tmp_path: Path, change: dict[str, object], is_requested: bool
) -> None:
    path = tmp_path / "tone.toml"
    path.write_text('name = "tone"\ntone = "conversational"\n[watch]\nversions = "tone-*"\n')
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    Store.migrate(url)
    with Store.open(url) as store:
        store.add([replace(VERSION, **change)])  # type: ignore[arg-type]
        requests = list(requested_runs(store, [("tone", load_campaign(path))]))
    assert bool(requests) is is_requested


def test_a_run_that_fails_once_is_retried(settings: Settings) -> None:
    set_task(settings, "fail once")
    worker = make_worker(settings)
    worker.step()
    assert claims(settings)[0].reason == "Nothing there yet."
    worker.step()
    assert states(settings) == [(ClaimState.DONE, 2)]
    assert len(started(settings)) == 2


def test_a_run_that_is_killed_twice_is_reported_and_its_record_closed(settings: Settings) -> None:
    config = load_training("mini").config.canonical
    run = Run(version=VERSION.id, base="mini", base_fingerprint="f", config=config, seed=0)
    with Store.open(settings.database_url) as store:
        store.add([run, event(run.id, EventKind.STARTED)])
    set_task(settings, "die")
    worker = make_worker(settings)
    for _ in range(3):
        worker.step()
    (claim,) = claims(settings)
    assert (claim.state, len(started(settings))) == (ClaimState.FAILED, 2)
    assert claim.reason == "killed by signal 9 (out of memory?)"
    with Store.open(settings.database_url) as store:
        last = store.events(run.id)[-1]
    assert last.kind is EventKind.FAILED
    assert json.loads(last.detail)["reason"] == claim.reason


def test_a_failed_run_can_be_started_again(settings: Settings) -> None:
    set_task(settings, "fail")
    worker = make_worker(settings)
    for _ in range(3):
        worker.step()
    (claim,) = claims(settings)
    assert (claim.state, claim.reason) == (ClaimState.FAILED, "The disk is full.")
    set_task(settings, "work")
    worker.step()
    assert len(started(settings)) == 2
    with Store.open(settings.database_url) as store:
        forget(store, claim.request.key)
    worker.step()
    assert states(settings) == [(ClaimState.DONE, 1)]


def start_worker(settings: Settings, stale_after: float = 120.0) -> "subprocess.Popen[bytes]":
    """A worker as a process."""
    code = (
        "import sys, signal; from pathlib import Path; from timbre.settings import Settings; "
        "from timbre.worker.worker import *; home = Path(sys.argv[1]); "
        "s = Settings(home, sys.argv[2], '', '', home); "
        "o = WorkerOptions((str(home / 'tone.toml'),), interval=0.1, "
        "stale_after=float(sys.argv[3])); "
        "w = Worker(s, o, (sys.executable, str(home / 'script.py'), str(home))); "
        "signal.signal(signal.SIGTERM, lambda *_: w.stop()); w.run()"
    )
    arguments = [str(settings.home), settings.database_url, str(stale_after)]
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=Path.cwd())


def wait_for(condition: Callable[[], object], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_several_workers_perform_each_run_once(settings: Settings) -> None:
    more = [replace(VERSION, root=digit * 64, name=f"tone-{digit}") for digit in "bcd"]
    with Store.open(settings.database_url) as store:
        store.add(more)
    set_task(settings, "sleep", 0.3)
    workers = [start_worker(settings) for _ in range(2)]
    wait_for(lambda: [state for state, _ in states(settings)] == [ClaimState.DONE] * 4)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    assert [worker.wait(120) for worker in workers] == [0, 0]
    roots = sorted(version.id for version in (VERSION, *more))
    assert sorted(line.split()[0] for line in started(settings)) == roots


def test_a_killed_worker_s_run_stops_and_another_worker_takes_it_over(settings: Settings) -> None:
    set_task(settings, "sleep", 60)
    first = start_worker(settings)
    wait_for(lambda: started(settings))
    first.kill()
    first.wait()
    set_task(settings, "work")
    assert not make_worker(settings).step()  # the claim isn't stale yet
    time.sleep(1.1)
    assert make_worker(settings, stale_after=1.0).step()
    assert states(settings) == [(ClaimState.DONE, 2)]
    assert (settings.home / "finished").read_text() == "x"  # the first one died with its worker


def test_a_stopped_worker_leaves_the_attempt_uncounted(settings: Settings) -> None:
    set_task(settings, "sleep", 60)
    worker = start_worker(settings)
    wait_for(lambda: started(settings))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(120) == 0
    assert states(settings) == [(ClaimState.WAITING, 0)]
    set_task(settings, "work")
    assert make_worker(settings).step()
    assert states(settings) == [(ClaimState.DONE, 1)]


def test_a_request_is_queued_once(settings: Settings) -> None:
    worker = make_worker(settings)
    with Store.open(settings.database_url) as store:
        assert worker.enqueue_runs(store) == 1
        assert worker.enqueue_runs(store) == 0
        assert not enqueue(store, list_claims(store)[0].request)


def test_a_database_that_is_unavailable_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    worker = Worker(Settings(tmp_path, url, "", "", tmp_path), WorkerOptions(interval=0.1))
    assert not worker.step()
    assert not worker.step()
    assert len([m for m in caplog.messages if "Retrying every 0.1 s" in m]) == 1


def test_a_run_whose_database_was_unavailable_is_not_counted_as_failed(settings: Settings) -> None:
    set_task(settings, "store away")
    worker = make_worker(settings)
    assert worker.step()
    assert states(settings) == [(ClaimState.WAITING, 0)]
    assert worker.step()
    assert states(settings) == [(ClaimState.DONE, 1)]


def test_a_log_line_is_json_without_secrets() -> None:
    record = logging.LogRecord("timbre", logging.INFO, "", 0, "key %s\nsecond", ("hush",), None)
    line = LineFormatter(as_json=True, secrets=["hush"]).format(record)
    assert json.loads(line)["message"] == "key [secret]\nsecond"
    assert "\n" not in line
    text = LineFormatter(as_json=False, secrets=["hush"]).format(record)
    assert text.endswith("key [secret] / second")


def test_standard_error_is_logged_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    stream = LogStream()
    stream.write("Traceback\n  File")
    stream.write(" “one”\n\nhalf")
    assert caplog.messages == ["Traceback", "  File “one”"]

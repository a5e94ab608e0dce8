"""The worker: each version starts its runs once, whatever dies, and a run that dies is reported."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import EventKind, Gate, Run, Version
from db.store import Store
from tests.conftest import require
from timbre.campaign import Campaign
from timbre.campaign import Watching as Rule
from timbre.jobs import Job, JobState, Ledger
from timbre.logs import Lines, OneLine
from timbre.queue import JobQueue, JsonMessages
from timbre.settings import Settings
from timbre.stores import migrate_database
from timbre.triggers import starts
from timbre.worker import Watching, Worker

# Stands in for `timbre run perform`: notes that it began, then does what the file `what` says.
SCRIPT = """
import os, pathlib, signal, sys, time
home = pathlib.Path(sys.argv[1])
with (home / "began").open("a") as file:
    file.write(" ".join(sys.argv[2:]) + chr(10))
what = (home / "what").read_text()
if what == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if what == "fail":
    sys.exit("found no disk, expected one")
if what == "fail once" and len((home / "began").read_text().splitlines()) == 1:
    sys.exit("found nothing yet")
if what == "away":
    (home / "what").write_text("work")
    sys.exit(75)
if what == "last":
    time.sleep(float((home / "seconds").read_text()))
print("made")
"""
PASSED = Gate("length", True, "all", "3 to 400 words", "none")
VERSION = Version(root="a" * 64, name="tone-1", campaign="tone", gates=(PASSED,))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path, f"sqlite:///{tmp_path / 'timbre.db'}", "", "", tmp_path / "argilla")
    migrate_database(made)
    with Store.open(made.database_url) as store:
        store.add([VERSION])
    (tmp_path / "tone.toml").write_text(
        'name = "tone"\ntone = "conversational"\ntraining = "mini"\n[watch]\nversions = "tone-*"\n'
    )
    (tmp_path / "script.py").write_text(SCRIPT)
    does(made, "work")
    return made


def does(settings: Settings, what: str, seconds: float = 0.0) -> None:
    (settings.home / "what").write_text(what)
    (settings.home / "seconds").write_text(str(seconds))


def worker(settings: Settings) -> Worker:
    command = (sys.executable, str(settings.home / "script.py"), str(settings.home))
    return Worker(settings, Watching((str(settings.home / "tone.toml"),), every=0.1), command)


def began(settings: Settings) -> list[str]:
    path = settings.home / "began"
    return path.read_text().splitlines() if path.exists() else []


def test_a_version_starts_its_run_once(settings: Settings) -> None:
    one = worker(settings)
    assert one.go_round()
    assert not one.go_round()
    assert not worker(settings).go_round()
    told = f"{VERSION.id} --campaign {settings.home / 'tone.toml'} --config mini"
    assert began(settings) == [told]
    assert [status.state for status in one.ledger.all()] == [JobState.DONE]


def test_a_job_that_is_queued_twice_is_done_once(settings: Settings) -> None:
    one, other = worker(settings), worker(settings)
    one.enqueue()
    job = Job(VERSION.id, str(settings.home / "tone.toml"), "mini")
    assert not one.queue.put(job)
    other.perform(job)
    assert one.queue.do_next()
    assert len(began(settings)) == 1


@pytest.mark.parametrize(
    ("change", "started"),
    [
        ({}, True),
        ({"name": "other"}, False),
        ({"campaign": "another"}, False),
        ({"override": "we wanted it"}, False),
        ({"gates": (replace(PASSED, passed=False),)}, False),
    ],
)
def test_only_a_version_that_fits_the_rule_starts_a_run(
    change: dict[str, object], started: bool
) -> None:
    campaign = Campaign(name="tone", tone="conversational", watch=Rule("tone-*"))
    assert starts(campaign, replace(VERSION, **change)) is started  # type: ignore[arg-type]


def test_a_run_that_fails_once_is_tried_again(settings: Settings) -> None:
    does(settings, "fail once")
    one = worker(settings)
    one.go_round()
    (status,) = one.ledger.all()
    assert (status.state, status.attempts, len(began(settings))) == (JobState.DONE, 2, 2)


def test_a_run_that_is_killed_twice_is_reported_with_its_row(settings: Settings) -> None:
    from db.events import event
    from timbre.settings import config_file
    from trainer.config import load_config

    config = load_config(config_file("training", "mini")).canonical
    run = Run(version=VERSION.id, base="mini", base_fingerprint="f", config=config, seed=0)
    with Store.open(settings.database_url) as store:
        store.add([run, event(run.id, EventKind.STARTED)])
    does(settings, "die")
    one = worker(settings)
    one.go_round()
    one.go_round()
    (status,) = one.ledger.all()
    assert (status.state, len(began(settings))) == (JobState.FAILED, 2)
    assert status.reason == "killed by signal 9 (out of memory?)"
    with Store.open(settings.database_url) as store:
        last = store.events(run.id)[-1]
    assert last.kind is EventKind.FAILED
    assert json.loads(last.detail)["reason"] == status.reason


def test_a_failed_run_says_why_and_can_be_begun_anew(settings: Settings) -> None:
    does(settings, "fail")
    one = worker(settings)
    one.go_round()
    (status,) = one.ledger.all()
    assert status.reason == "found no disk, expected one"
    does(settings, "work")
    one.go_round()
    assert len(began(settings)) == 2
    one.ledger.forget(status.job)
    one.go_round()
    assert one.ledger.status(status.job).state is JobState.DONE


def start_worker(settings: Settings) -> "subprocess.Popen[bytes]":
    """A worker in a process of its own."""
    code = (
        "import sys, signal; from pathlib import Path; from timbre.settings import Settings; "
        "from timbre.worker import *; home = Path(sys.argv[1]); "
        "s = Settings(home, f'sqlite:///{home / \"timbre.db\"}', '', '', home); "
        "w = Worker(s, Watching((str(home / 'tone.toml'),), every=0.1), "
        "(sys.executable, str(home / 'script.py'), str(home))); "
        "signal.signal(signal.SIGTERM, lambda *_: w.stop()); w.watch()"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(settings.home)], cwd=Path.cwd())


def wait_for(condition: object, seconds: float = 300) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_several_workers_do_each_run_once(settings: Settings) -> None:
    more = [replace(VERSION, root=digit * 64, name=f"tone-{digit}") for digit in "bcd"]
    with Store.open(settings.database_url) as store:
        store.add(more)
    does(settings, "last", 0.3)
    workers = [start_worker(settings) for _ in range(3)]
    ledger = Ledger(settings.jobs)
    wait_for(lambda: [s.state for s in ledger.all()] == [JobState.DONE] * 4)
    for one in workers:
        one.send_signal(signal.SIGTERM)
    assert [one.wait(120) for one in workers] == [0, 0, 0]
    assert sorted(line.split()[0][0] for line in began(settings)) == ["a", "b", "c", "d"]


def test_a_run_outlives_a_killed_worker_and_is_not_done_beside_itself(settings: Settings) -> None:
    does(settings, "last", 1.5)
    first = start_worker(settings)
    wait_for(lambda: began(settings))
    first.kill()
    first.wait()
    second = worker(settings)
    assert not second.go_round()
    assert len(began(settings)) == 1
    (status,) = second.ledger.all()
    wait_for(lambda: not second.ledger.held(status.job))
    assert second.go_round()
    assert second.ledger.status(status.job).state is JobState.DONE
    assert second.ledger.status(status.job).attempts == 2


def test_a_worker_that_is_told_to_stop_leaves_the_run_uncounted(settings: Settings) -> None:
    does(settings, "last", 60)
    one = start_worker(settings)
    wait_for(lambda: began(settings))
    one.send_signal(signal.SIGTERM)
    assert one.wait(120) == 0
    (status,) = Ledger(settings.jobs).all()
    assert (status.state, status.attempts) == (JobState.WAITING, 0)
    does(settings, "work")
    assert worker(settings).go_round()
    assert Ledger(settings.jobs).status(status.job).state is JobState.DONE


def test_a_queue_that_was_emptied_is_filled_again(settings: Settings) -> None:
    one = worker(settings)
    one.enqueue()
    for path in settings.home.glob("queue.db*"):
        path.unlink()
    other = worker(settings)
    assert other.go_round()
    assert len(began(settings)) == 1


def test_a_database_that_is_away_is_waited_for(settings: Settings, tmp_path: Path) -> None:
    one = worker(replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    assert not one.go_round()
    assert began(settings) == []


def test_a_run_whose_database_was_away_is_not_counted_as_failed(settings: Settings) -> None:
    does(settings, "away")
    one = worker(settings)
    assert one.go_round()
    (status,) = one.ledger.all()
    assert (status.state, status.attempts, len(began(settings))) == (JobState.DONE, 1, 2)


def test_a_message_that_would_run_code_is_not_read() -> None:
    import pickle

    with pytest.raises(ValueError, match=r"codec|JSON|Expecting"):
        JsonMessages().deserialize(pickle.dumps(print))


def test_a_log_line_is_json_and_holds_no_secret() -> None:
    import logging

    record = logging.LogRecord("timbre", logging.INFO, "", 0, "key %s\nsecond", ("hush",), None)
    line = OneLine(as_json=True, secrets=["hush"]).format(record)
    assert json.loads(line)["message"] == "key [secret]\nsecond"
    assert "\n" not in line
    assert OneLine(as_json=False, secrets=["hush"]).format(record).endswith("key [secret] / second")


def test_what_is_printed_on_standard_error_becomes_lines_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = Lines()
    said.write("Traceback\n  File")
    said.write(" “one”\n\nhalf")
    assert caplog.messages == ["Traceback", "  File “one”"]


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """The URL of a throw-away Redis on a socket of its own."""
    program = shutil.which("redis-server")
    require(program, "needs redis-server (apt-get install redis-server)")
    socket = f"/tmp/timbre-redis-{os.getpid()}.sock"  # noqa: S108 (a path may have 107 bytes)
    command = [str(program), "--port", "0", "--unixsocket", socket, "--save", ""]
    process = subprocess.Popen([*command, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    wait_for(lambda: Path(socket).exists())
    yield f"unix://{socket}"
    process.terminate()
    process.wait()


def test_a_queue_in_redis_works_like_one_in_sqlite(settings: Settings, redis_url: str) -> None:
    done: list[Job] = []
    queue = JobQueue(replace(settings, queue_url=redis_url), done.append)
    job = Job("a", "b", "c")
    assert [queue.put(job), queue.put(job)] == [True, False]
    other = JobQueue(replace(settings, queue_url=redis_url), done.append)
    assert other.do_next()
    assert not queue.do_next()
    assert done == [job]

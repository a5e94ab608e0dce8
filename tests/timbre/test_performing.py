"""A run is performed whole on a version of its own campaign, once, and shown for what it is."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from db.erasure import erase
from db.records import Comparison, EventKind, Measure, Output, Run, Version
from db.store import Store
from db.versions import freeze
from tests.db.frozen import PLAN, judge
from tests.trainer import conftest as trainer_made
from timbre.__main__ import main
from timbre.jobs import AWAY
from timbre.stores import open_store

tiny_model = trainer_made.tiny_model
Timbre = Callable[..., str]


@pytest.fixture
def timbre(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tiny_model: Path,
    capfd: pytest.CaptureFixture[str],
) -> Timbre:
    """The command line in a home with a version, a campaign `tone` and a tiny training."""
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("tone", "other"):
        Path(f"{name}.toml").write_text(
            f'name = "{name}"\ntone = "conversational"\ntraining = "tiny.toml"\n'
            "[evaluate]\nprompts = 12\nmax_new_tokens = 3\n"
        )
    Path("tiny.toml").write_text(
        f'base = "{tiny_model}"\nsteps = 2\nbatch_size = 2\nlora_rank = 2\nprecision = "float32"\n'
    )
    with open_store() as store:
        freeze(store, PLAN, judge(store, range(60)))

    def said(*arguments: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["timbre", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        found = capfd.readouterr()
        assert (ended.value.code or 0) == code, found.err
        return found.err if code else found.out

    return said


def test_the_database_of_a_newer_timbre_is_no_fault_of_the_run(
    timbre: Timbre, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "home/timbre.db")) as base:
        base.execute("UPDATE alembic_version SET version_num = 'tomorrow'")
        base.commit()
    said = timbre("run", "perform", "first", "--campaign", "tone.toml", code=AWAY)
    assert "use the newer Timbre that made it" in said


def counts(store: Store) -> list[int]:
    return [store.count(kind) for kind in (Run, Output, Measure, Comparison)]


def test_a_version_is_trained_on_answered_measured_and_compared_once(timbre: Timbre) -> None:
    first = timbre("run", "perform", "first", "--campaign", "tone.toml")
    assert "is not promoted" in first
    with open_store() as store:
        made = counts(store)
        (run,) = store.stream(Run)
        kinds = [event.kind for event in store.events(run.id)]
    assert made[0] == 1
    assert made[1] == 36
    assert all(made)
    assert kinds == [EventKind.STARTED, EventKind.FINISHED, EventKind.COMPARED]
    timbre("run", "perform", "first", "--campaign", "tone.toml")
    with open_store() as store:
        assert counts(store) == made

    shown = json.loads(timbre("run", "show", run.id[:8], "--json"))
    assert (shown["id"], shown["config"]["steps"], shown["withdrawn"]) == (run.id, 2, "")
    assert shown["events"][1]["detail"]["metrics"]["steps"] == 2

    with open_store() as store:
        erase(store, reviewer="grace")
    for told in (
        timbre("train", "first", "--config", "tiny.toml"),
        timbre("run", "show", run.id[:8]),
        json.loads(timbre("run", "show", run.id[:8], "--json"))["withdrawn"],
    ):
        assert "had the answers of one reviewer withdrawn on 20" in told
        assert "this run's adapter still has it" in told


def test_what_is_of_another_campaign_is_refused(timbre: Timbre) -> None:
    with open_store() as store:
        (version,) = store.stream(Version)
        run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
        store.add([run])
    for command in (("perform", version.id), ("promote", run.id)):
        refused = timbre("run", *command, "--campaign", "other.toml", code=1)
        assert f"of the campaign {PLAN.campaign}, expected one of other" in refused
    with open_store() as store:
        assert counts(store) == [1, 0, 0, 0]

"""`timbre run perform` does every step of a run once, and only for the campaign's own version."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.erasure import erase
from db.records import Comparison, EventKind, Measure, Output, Run, Version
from db.store import Store
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals
from tests.timbre.conftest import Timbre
from timbre.worker.worker import STORE_AWAY


@pytest.fixture(autouse=True)
def files(store: Store, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version, two campaigns and a training file for a tiny model, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("tone", "other"):
        Path(f"{name}.toml").write_text(
            f'name = "{name}"\ntone = "conversational"\ntraining = "tiny.toml"\n'
            "[evaluate]\nprompts = 12\nmax_new_tokens = 3\n"
        )
    Path("tiny.toml").write_text(
        f'base = "{tiny_model}"\nsteps = 2\nbatch_size = 2\nlora_rank = 2\nprecision = "float32"\n'
    )
    freeze(store, PLAN, add_approvals(store, range(60)))


def counts(store: Store) -> list[int]:
    return [store.count(kind) for kind in (Run, Output, Measure, Comparison)]


def test_the_database_of_a_newer_timbre_is_not_the_run_s_fault(timbre: Timbre, home: Path) -> None:
    with closing(sqlite3.connect(home / "timbre.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = 'tomorrow'")
        database.commit()
    result = timbre("run", "perform", "first", "--campaign", "tone.toml", status=STORE_AWAY)
    assert "Use the newer Timbre" in result.err


def test_a_version_is_trained_on_answered_measured_and_compared_once(
    timbre: Timbre, store: Store
) -> None:
    first = timbre("run", "perform", "first", "--campaign", "tone.toml").out
    assert "wasn't promoted" in first
    before = counts(store)
    (run,) = store.stream(Run)
    assert before[0] == 1
    assert before[1] == 36
    assert all(before)
    kinds = [event.kind for event in store.events(run.id)]
    assert kinds == [EventKind.STARTED, EventKind.FINISHED, EventKind.COMPARED]
    timbre("run", "perform", "first", "--campaign", "tone.toml")
    assert counts(store) == before

    details = json.loads(timbre("run", "show", run.id[:8], "--json").out)
    assert (details["id"], details["config"]["steps"], details["withdrawn"]) == (run.id, 2, "")
    assert details["events"][1]["detail"]["metrics"]["steps"] == 2

    erase(store, reviewer="grace")
    for notice in (
        timbre("train", "first", "--config", "tiny.toml").out,
        timbre("run", "show", run.id[:8]).out,
        json.loads(timbre("run", "show", run.id[:8], "--json").out)["withdrawn"],
    ):
        assert "had the answers of one reviewer withdrawn on 20" in notice
        assert "This run's adapter was trained on that data" in notice


def test_versions_and_runs_of_another_campaign_are_rejected(timbre: Timbre, store: Store) -> None:
    (version,) = store.stream(Version)
    run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
    store.add([run])
    for command in (("perform", version.id), ("promote", run.id)):
        error = timbre("run", *command, "--campaign", "other.toml", status=1).err
        assert f"belongs to the campaign {PLAN.campaign}, not to other" in error
    assert counts(store) == [1, 0, 0, 0]

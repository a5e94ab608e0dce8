"""What `timbre version` prints of versions, for people and for machines."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import Interval, Run, Version
from db.versions import freeze
from tests.db.frozen import PLAN, approve, judge
from tests.db.made import article, conversation, passage
from timbre.__main__ import main
from timbre.stores import open_store

Timbre = Callable[..., str]
MORE = replace(PLAN, name="second", agreement=Interval(0.25, 0.5, 0.75))


@pytest.fixture
def timbre(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Timbre:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    with open_store() as store:
        approved = judge(store, range(30))
        freeze(store, PLAN, approved)
        page = article(0)
        kept = conversation(passage(page, 0), 0)
        edited = approve(store, kept, page.id, edit="My own words.")
        freeze(store, MORE, [edited, *approved[3:]])

    def printed(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["timbre", "version", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        said = capfd.readouterr()
        assert said.err == ""
        return said.out

    return printed


def test_a_diff_names_each_change_with_its_ids_and_the_agreement(timbre: Timbre) -> None:
    lines = timbre("diff", "first", "second").splitlines()
    found = json.loads(timbre("diff", "first", "second", "--json"))
    (edit,) = found["edited"]
    assert lines[0] == "0 added"
    assert lines[1:4] == ["2 removed", *(f"  {id}" for id in found["removed"])]
    changed = f"{edit['before'][:12]} to {edit['after'][:12]} (messages, verdict)"
    assert lines[4:7] == ["1 edited", f"  {edit['candidate']}: {changed}", "0 relabelled"]
    assert lines[7:] == [
        "57 unchanged",
        "agreement on the decision: not known before, alpha 0.50 (0.25 to 0.75) after",
    ]


def test_a_version_is_shown_and_verified_for_machines_too(timbre: Timbre) -> None:
    shown = json.loads(timbre("show", "second", "--json"))
    assert (shown["name"], shown["events"][0]["kind"]) == ("second", "frozen")
    assert {gate["passed"] for gate in shown["gates"]} == {True}
    verified = json.loads(timbre("verify", "second", "--json"))
    assert verified == {"id": shown["id"], "differences": []}


def test_an_export_says_nothing_but_its_folder(timbre: Timbre, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    printed = timbre("export", "first", "--format", "dataset", "--folder", str(folder))
    assert printed.strip() == str(folder)


def test_an_export_goes_into_the_empty_folder_one_is_in(
    timbre: Timbre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    timbre("export", "first", "--folder", ".")
    assert {path.name for path in folder.iterdir()} >= {"train.jsonl", "README.md"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_erasure_names_the_runs_and_places_that_still_have_it(timbre: Timbre) -> None:
    with open_store() as store:
        version = next(v for v in store.stream(Version) if v.name == "first")
        run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
        store.add([run])
    printed = timbre("erase", "--reviewer", "grace", "--yes")
    assert f"Version {version.id[:12]} “first”: 60 examples touched." in printed
    assert f"run {run.id[:12]} was trained on it" in printed
    assert "Argilla, and what was exported before, still have it" in printed

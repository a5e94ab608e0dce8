"""What `timbre version` prints about versions, as text and as JSON."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import Interval, Run, Version
from db.store import Store
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals, approve, approved_pairs
from tests.db.records import article, conversation, passage
from tests.timbre.conftest import Timbre
from timbre.stores import open_store

SECOND = replace(PLAN, name="second", agreement=Interval(0.25, 0.5, 0.75))


@pytest.fixture(autouse=True)
def versions(store: Store) -> None:
    """Two versions; the second has an edit and two records less."""
    approvals = add_approvals(store, range(30))
    freeze(store, PLAN, approvals)
    page = article(0)
    candidate = conversation(passage(page, 0), 0)
    edit = approve(store, candidate, page.id, edit="My own words.")
    freeze(store, SECOND, [edit, *approvals[3:]])


@pytest.fixture
def with_pairs(store: Store, versions: None) -> Version:
    """A third version, with a pair of each conversation."""
    approvals = add_approvals(store, range(30))
    plan = replace(PLAN, name="third", pair_rejections={"identical answers": 2})
    return freeze(store, plan, approvals, approved_pairs(store, approvals))


def show(timbre: Timbre, *arguments: str) -> str:
    result = timbre("version", *arguments)
    assert result.err == "" or result.err.startswith("Next: ")
    return result.out


def test_a_diff_names_each_change_with_its_ids_and_the_agreement(timbre: Timbre) -> None:
    lines = show(timbre, "diff", "first", "second").splitlines()
    changes = json.loads(show(timbre, "diff", "first", "second", "--json"))
    (edit,) = changes["edited"]
    assert lines[0] == "0 added"
    assert lines[1:4] == ["2 removed", *(f"  {id}" for id in changes["removed"])]
    change = f"{edit['before'][:12]} to {edit['after'][:12]} (messages, verdict)"
    assert lines[4:7] == ["1 edited", f"  {edit['candidate']}: {change}", "0 relabelled"]
    assert lines[7:] == [
        "57 unchanged",
        "agreement on the decision: unknown before, alpha 0.50 (0.25 to 0.75) after",
    ]


def test_show_and_verify_print_json_on_request(timbre: Timbre) -> None:
    version = json.loads(show(timbre, "show", "second", "--json"))
    assert (version["name"], version["events"][0]["kind"]) == ("second", "frozen")
    assert {gate["passed"] for gate in version["gates"]} == {True}
    verification = json.loads(show(timbre, "verify", "second", "--json"))
    assert verification == {"id": version["id"], "differences": []}


def test_export_prints_only_its_folder(timbre: Timbre, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    output = show(timbre, "export", "first", "--format", "dataset", "--folder", str(folder))
    assert output.strip() == str(folder)


def test_export_fills_the_empty_current_folder(
    timbre: Timbre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    show(timbre, "export", "first", "--folder", ".")
    assert {path.name for path in folder.iterdir()} >= {"train.jsonl", "README.md"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_erase_names_the_runs_and_places_that_still_have_the_data(timbre: Timbre) -> None:
    with open_store() as store:
        version = next(v for v in store.stream(Version) if v.name == "first")
        run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
        store.add([run])
    output = show(timbre, "erase", "--reviewer", "grace", "--yes")
    assert f"Version {version.id[:12]} “first”: 60 examples erased." in output
    assert f"Run {run.id[:12]} was trained on the erased data" in output
    assert "Argilla and earlier exports still contain the data" in output


def test_show_counts_the_pairs_by_source_and_split(timbre: Timbre, with_pairs: Version) -> None:
    lines = show(timbre, "show", "third").splitlines()
    version = with_pairs
    assert lines[1:3] == [
        f"  pairs from rewrite: {version.test} test, {version.train} train, "
        f"{version.validation} validation",
        "  rejected pairs: 2 identical answers",
    ]
    shown = json.loads(show(timbre, "show", "third", "--json"))
    assert shown["pairs"] == 60
    assert {"source": "rewrite", "split": "test", "count": version.test} in shown["pair_counts"]
    listed = json.loads(show(timbre, "list", "--json"))
    assert [row["pairs"] for row in listed] == [0, 0, 60]


def test_a_diff_counts_the_pairs(timbre: Timbre, with_pairs: Version) -> None:
    assert "pairs: 60 added, 0 removed, 0 unchanged" in show(timbre, "diff", "first", "third")
    assert "pairs:" not in show(timbre, "diff", "first", "second")
    changes = json.loads(show(timbre, "diff", "first", "third", "--json"))
    assert (len(changes["pairs"]["added"]), changes["pairs"]["unchanged"]) == (60, 0)


def test_an_export_of_pairs_says_how_many_it_leaves_out(
    timbre: Timbre, with_pairs: Version, tmp_path: Path
) -> None:
    folder = str(tmp_path / "out")
    result = timbre("version", "export", "third", "--format", "preferences", "--folder", folder)
    assert result.out.strip() == folder
    assert (
        f"{with_pairs.test} pairs of the test split weren't exported, because training on them "
        "would contaminate the test."
    ) in result.err


def test_erase_counts_the_pairs(timbre: Timbre, with_pairs: Version) -> None:
    output = show(timbre, "erase", "--reviewer", "grace", "--yes")
    assert f"Version {with_pairs.id[:12]} “third”: 60 examples and 60 pairs erased." in output

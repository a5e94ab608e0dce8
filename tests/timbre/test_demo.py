"""The whole loop on the bundled sample: interrupted and continued, repeated, and traced back."""

import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.records import Candidate, Output, Review, ReviewerKind, Version
from db.store import Store
from evaluation.measures.tone import is_conversational

INTERRUPTIONS = ("candidates", "reviews", "run")
"""Starts of the lines after which Ctrl-C is pressed."""


@dataclass(frozen=True)
class Ending:
    """How a command ended and what it printed."""

    status: int
    lines: list[str]


def run(home: Path, *arguments: str, stop_after: str = "") -> Ending:
    """Run a command; press Ctrl-C after the first line that starts with `stop_after`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "timbre", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"TIMBRE_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(Path.home())},
    )
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if stop_after and line.startswith(stop_after):
            process.send_signal(signal.SIGINT)
            stop_after = ""
    process.stdout.close()
    return Ending(process.wait(), lines)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demo was interrupted three times and then ran to its end."""
    folder = tmp_path_factory.mktemp("demo")
    for line in INTERRUPTIONS:
        ending = run(folder, "demo", "--base", "mini", "--port", "0", stop_after=line)
        assert ending.status == 130, ending.lines
        assert ending.lines[-1].startswith("Stopped. Finished work is saved")
    ending = run(folder, "demo", "--base", "mini", "--port", "0")
    assert ending.status == 0, ending.lines
    return folder


@pytest.fixture(scope="module")
def store(home: Path) -> Store:
    return Store.open(f"sqlite:///{home / 'timbre.db'}")


def test_a_second_run_changes_nothing_and_says_so(home: Path) -> None:
    before = {path: path.read_bytes() for path in (home / "reports").rglob("*.*")}
    again = run(home, "demo", "--base", "mini", "--port", "0")
    assert again.status == 0, again.lines
    assert any(line.startswith("Nothing changed") for line in again.lines)
    assert {path: path.read_bytes() for path in (home / "reports").rglob("*.*")} == before


def test_every_review_is_marked_as_a_rule_s(store: Store) -> None:
    reviews = list(store.stream(Review))
    assert reviews
    assert {review.reviewer_kind for review in reviews} == {ReviewerKind.RULE}
    assert {version.reviewer_kinds for version in store.stream(Version)} == {("rule",)}


def test_both_pipelines_generated_candidates(store: Store) -> None:
    kinds = {candidate.kind.value for candidate in store.stream(Candidate)}
    assert kinds == {"conversation", "statement", "dialogue", "document"}


def test_the_tuned_model_is_conversational_more_often_than_the_base(store: Store) -> None:
    def rate(arm: str) -> float:
        outputs = list(store.stream(Output, arm=arm))
        return sum(is_conversational(output.text) for output in outputs) / len(outputs)

    # The report says by how much, with an interval; the model is too small for a fixed margin.
    assert rate("tuned") > rate("base")


def test_passwords_are_readable_by_the_user_only(home: Path) -> None:
    for path in (home / "reviewers.json", home / "argilla" / "credentials.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_output_is_traced_back_to_its_article_and_reviewers(home: Path, store: Store) -> None:
    output = next(store.stream(Output, arm="tuned"))
    lineage = "\n".join(run(home, "trace", output.id[:16]).lines)
    for word in ("article", "passage", "question.v", "recorded:written", "rule-", "version", "run"):
        assert word in lineage


def test_every_version_verifies(home: Path) -> None:
    for name in ("demo-tone", "demo-persona"):
        assert run(home, "version", "verify", name).status == 0


def test_the_report_says_that_rules_reviewed_and_runs_no_script(home: Path) -> None:
    (page,) = (home / "reports").glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "Every review was made by a written rule, not by a person" in text
    assert "<script" not in text

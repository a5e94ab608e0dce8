"""The whole loop on the bundled sample: stopped and gone on with, repeated, walked back."""

import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.records import Candidate, Output, Review, ReviewerKind, Version
from db.store import Store
from evaluation.tone import is_conversational

STOPS = ("candidates", "reviews", "run")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    lines: list[str]


def timbre(home: Path, *arguments: str, stop_after: str = "") -> Ended:
    """Run a command; with `stop_after`, press Ctrl-C once it prints a line that starts so."""
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
    return Ended(process.wait(), lines)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demo was stopped three times and then ran to its end."""
    folder = tmp_path_factory.mktemp("demo")
    for step in STOPS:
        stopped = timbre(folder, "demo", "--port", "0", stop_after=step)
        assert stopped.code == 130, stopped.lines
        assert stopped.lines[-1].startswith("Stopped. What was done is kept")
    done = timbre(folder, "demo", "--port", "0")
    assert done.code == 0, done.lines
    return folder


@pytest.fixture(scope="module")
def store(home: Path) -> Store:
    return Store.open(f"sqlite:///{home / 'timbre.db'}")


def test_a_second_run_changes_nothing_and_says_so(home: Path) -> None:
    before = {path: path.read_bytes() for path in (home / "reports").rglob("*.*")}
    again = timbre(home, "demo", "--port", "0")
    assert again.code == 0, again.lines
    assert any(line.startswith("Nothing changed") for line in again.lines)
    assert {path: path.read_bytes() for path in (home / "reports").rglob("*.*")} == before


def test_every_review_is_marked_as_made_by_a_rule(store: Store) -> None:
    reviews = list(store.stream(Review))
    assert reviews
    assert {review.reviewer_kind for review in reviews} == {ReviewerKind.RULE}
    assert {version.reviewer_kinds for version in store.stream(Version)} == {("rule",)}


def test_both_pipelines_made_candidates(store: Store) -> None:
    kinds = {candidate.kind.value for candidate in store.stream(Candidate)}
    assert kinds == {"conversation", "statement", "dialogue", "document"}


def test_the_tuned_model_is_more_often_conversational_than_the_base(store: Store) -> None:
    def rate(arm: str) -> float:
        outputs = list(store.stream(Output, arm=arm))
        return sum(is_conversational(output.text) for output in outputs) / len(outputs)

    # By how much is for the report to say, with its interval: the model is a small one.
    assert rate("tuned") > rate("base")


def test_passwords_are_readable_by_the_user_alone(home: Path) -> None:
    for secret in (home / "reviewers.json", home / "argilla" / "credentials.json"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_an_output_is_walked_back_to_its_article_and_reviewers(home: Path, store: Store) -> None:
    output = next(store.stream(Output, arm="tuned"))
    told = "\n".join(timbre(home, "trace", output.id[:16]).lines)
    for word in ("article", "passage", "question.v1", "phrasebook", "rule-", "version", "run"):
        assert word in told


def test_every_version_is_as_it_was_frozen(home: Path) -> None:
    for name in ("demo-tone", "demo-persona"):
        assert timbre(home, "version", "verify", name).code == 0


def test_the_report_says_that_no_person_judged(home: Path) -> None:
    (page,) = (home / "reports").glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "Every review was made by a written rule, not by a person" in text
    assert "<script" not in text

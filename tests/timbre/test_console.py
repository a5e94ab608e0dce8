"""What the console prints: whole tables, ages, and nothing that programs would stumble over."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from timbre.console import format_age, print_table

KEY = "0123456789abcdef" * 4
REASON = "the process ended twice, so the run isn't started again"


def test_a_table_in_a_pipe_has_one_whole_line_for_each_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("key", "state", "reason"), [(KEY, "failed", REASON * 3)])
    assert capsys.readouterr().out.splitlines()[1].split("  ")[0] == KEY
    print_table(("key", "state", "reason"), [(KEY, "failed", REASON * 3)])
    assert capsys.readouterr().out.splitlines()[1].endswith(REASON * 3)


def test_a_table_in_a_narrow_terminal_wraps_texts_but_not_ids(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    print_table(("key", "state", "reason"), [(KEY, "failed", REASON)])
    lines = capsys.readouterr().out.splitlines()
    assert KEY in lines[1]
    assert len(lines) > 2
    words = [word for line in lines for word in line.split()]
    assert set(REASON.split()) <= set(words)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=3), "3 seconds ago"),
        (timedelta(minutes=61), "an hour ago"),
        (timedelta(days=40), "a month ago"),
    ],
)
def test_a_time_is_shown_as_an_age(age: timedelta, words: str) -> None:
    assert format_age((datetime.now(UTC) - age).isoformat()) == words


def run_piped(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("timbre", f"{sys.executable} -m timbre")],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_a_closed_pipe_ends_the_command_quietly() -> None:
    # More help than a pipe buffers, and a reader that leaves at once.
    process = run_piped("for i in 1 2 3 4 5 6 7 8 9; do timbre --help; done | head -1")
    assert process.stdout.startswith("Usage: timbre")
    assert process.stderr == ""


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_has_a_short_and_a_long_name(option: str) -> None:
    assert "Usage: timbre run list" in run_piped(f"timbre run list {option}").stdout


def test_the_version_is_shown() -> None:
    process = run_piped("timbre --version")
    assert process.stdout.startswith("timbre ")
    assert process.returncode == 0


def test_a_misspelt_command_gets_a_suggestion() -> None:
    assert "Did you mean 'train'?" in run_piped("timbre trainn").stderr

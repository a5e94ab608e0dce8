"""A store is made by whichever command comes first, and an empty file is no obstacle."""

import subprocess
import sys
from pathlib import Path

import pytest

from timbre.stores import open_store


def test_commands_that_come_first_together_make_one_store(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "timbre", "articles", "list"]
    environment = {"TIMBRE_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    started = [
        subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ended = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * 4, ended


def test_a_database_without_a_table_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path))
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    (tmp_path / "timbre.db").touch()
    with open_store() as store:
        assert list(store.events("nothing")) == []

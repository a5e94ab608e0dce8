"""The first command creates the store, also when several start at once or its file is empty."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.product_files import ROOT
from timbre.stores import open_store


def test_commands_that_start_together_create_one_store(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "timbre", "articles", "list"]
    environment = {"TIMBRE_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs


def test_an_empty_database_file_gets_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path))
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    (tmp_path / "timbre.db").touch()
    with open_store() as store:
        assert list(store.events("nothing")) == []

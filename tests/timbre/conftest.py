"""A Timbre home of each test's own, its settings and store, and a way to run commands in it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.store import Store
from timbre.__main__ import main
from timbre.settings import Settings, read_settings
from timbre.stores import open_store


@dataclass(frozen=True)
class Printed:
    """What a command printed."""

    out: str
    err: str


Timbre = Callable[..., Printed]
"""Runs a command; its status must be 0, or `status` if that's passed."""


def ignore_progress(*_: object) -> None:
    """Show no progress."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that doesn't exist yet; the environment has no other setting of Timbre."""
    for name in [name for name in os.environ if name.startswith("TIMBRE_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("TIMBRE_HOME", str(folder))
    return folder


@pytest.fixture
def settings(home: Path) -> Settings:
    return read_settings()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


@pytest.fixture
def timbre(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Timbre:
    def run(*arguments: str, status: int = 0) -> Printed:
        monkeypatch.setattr("sys.argv", ["timbre", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capfd.readouterr()
        assert (end.value.code or 0) == status, captured.err
        return Printed(captured.out, captured.err)

    return run

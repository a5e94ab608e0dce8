"""Reporters: losses go to the one that is configured, and to none by default."""

import sys
from pathlib import Path

import pytest

from tests.trainer.conftest import chat_example
from tests.trainer.test_sft import quick
from trainer.errors import TrainerError
from trainer.sft import train
from trainer.training.training_arguments import reporter

TRACKIO = """
from types import SimpleNamespace

calls = []
__version__ = "99"
config = {}
context_vars = SimpleNamespace(current_space_id=SimpleNamespace(get=lambda: None))


def init(**options):
    calls.append(options)


def log(values, **_):
    calls.append(values)


def finish():
    calls.append("finished")
"""


def test_trackio_receives_each_loss_and_uploads_nothing(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trackio.py").write_text(TRACKIO)
    monkeypatch.syspath_prepend(tmp_path)
    config = quick(tiny_model, steps=3, report_to="trackio")
    result = train([chat_example(number) for number in range(4)], config, tmp_path / "a-run")
    start, *rows = sys.modules.pop("trackio").calls
    assert (start["project"], start["name"], start["space_id"]) == ("timbre", "a-run", None)
    losses = [row["train/loss"] for row in rows if "train/loss" in row]
    assert losses == pytest.approx(list(result.losses))


def test_there_is_no_reporter_by_default() -> None:
    assert reporter(quick(Path("x")).report_to) == "none"


def test_a_missing_or_unknown_reporter_is_rejected() -> None:
    with pytest.raises(TrainerError, match="package swanlab isn't installed"):
        reporter("swanlab")
    with pytest.raises(TrainerError, match=r"“paper” isn't a known reporter.* none or one of"):
        reporter("paper")

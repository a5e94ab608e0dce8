"""Losses are logged by a reporter of TRL's where one is named, and by none where not."""

import sys
from pathlib import Path

import pytest

from tests.trainer.conftest import chat_example
from tests.trainer.test_sft import quick
from trainer.arguments import reporter
from trainer.errors import TrainerError
from trainer.sft import train

TRACKIO = """
from types import SimpleNamespace

told = []
__version__ = "99"
config = {}
context_vars = SimpleNamespace(current_space_id=SimpleNamespace(get=lambda: None))


def init(**how):
    told.append(how)


def log(values, **_):
    told.append(values)


def finish():
    told.append("finished")
"""


def test_trackio_is_told_each_loss_and_nothing_leaves_the_machine(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trackio.py").write_text(TRACKIO)
    monkeypatch.syspath_prepend(tmp_path)
    config = quick(tiny_model, steps=3, report_to="trackio")
    result = train([chat_example(number) for number in range(4)], config, tmp_path / "a-run")
    begun, *told = sys.modules.pop("trackio").told
    assert (begun["project"], begun["name"], begun["space_id"]) == ("timbre", "a-run", None)
    losses = [row["train/loss"] for row in told if "train/loss" in row]
    assert losses == pytest.approx(list(result.losses))


def test_none_is_the_default() -> None:
    assert reporter(quick(Path("x")).report_to) == "none"


def test_a_reporter_that_is_not_installed_or_unknown_is_one_sentence() -> None:
    with pytest.raises(TrainerError, match="no package swanlab installed; install it beside"):
        reporter("swanlab")
    with pytest.raises(
        TrainerError, match=r"found report_to = “paper”, expected none or one of .*"
    ):
        reporter("paper")

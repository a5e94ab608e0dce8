"""The demo's base model: SmolLM2, or the packaged mini if it can't be downloaded."""

from pathlib import Path

import pytest

from timbre import demo
from timbre.campaign import load_campaign
from timbre.demo import choose_base
from trainer.errors import TrainerError
from trainer.models.smollm2 import ModelUnavailableError


def test_the_demo_uses_smollm2(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[str] = []

    def resolve(base: str) -> Path:
        resolved.append(base)
        return Path()

    monkeypatch.setattr(demo, "resolve", resolve)
    assert choose_base("smollm2") == "smollm2"
    assert resolved == ["smollm2"]
    assert choose_base("mini") == "mini"
    assert load_campaign("demo-tone").training.config.base == "smollm2"


def test_without_a_package_index_the_demo_says_so_and_uses_the_mini(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def resolve(_: str) -> Path:
        raise ModelUnavailableError("SmolLM2 can't be downloaded: no network.")

    monkeypatch.setattr(demo, "resolve", resolve)
    assert choose_base("smollm2") == "mini"
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("base        The demo uses the mini base model instead of SmolLM2.")
    assert "no network" in line


def test_a_damaged_smollm2_stops_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_: str) -> Path:
        raise TrainerError("model.safetensors is damaged")

    monkeypatch.setattr(demo, "resolve", resolve)
    with pytest.raises(TrainerError, match="damaged"):
        choose_base("smollm2")


def test_the_mini_keeps_its_own_settings() -> None:
    mini = demo._campaign("demo-tone", "sample", "mini")
    assert (mini.training.config.base, mini.evaluate.no_repeat) == ("mini", 6)
    smollm2 = demo._campaign("demo-tone", "sample", "smollm2")
    assert (smollm2.training.config.base, smollm2.evaluate.no_repeat) == ("smollm2", 0)

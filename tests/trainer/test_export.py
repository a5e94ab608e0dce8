"""An export is a model of its own that says what its adapter says, or there is none."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from db.records import Split
from tests.trainer.conftest import chat_example
from trainer import export
from trainer.answer import Arm, Decoding, answer
from trainer.config import TrainingConfig
from trainer.errors import RunLockedError, TrainerError
from trainer.export import ExportPlan, MergeInto, export_merged, vllm_command
from trainer.parity import Bounds
from trainer.sft import train

EXAMPLES = [chat_example(number, answer="yes, it is green!") for number in range(12)]
HELD = [chat_example(number, Split.TEST, answer="yes, it is green!") for number in range(30, 38)]
SHORT = 10


@pytest.fixture(scope="module")
def adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    def trained(precision: str) -> Path:
        config = TrainingConfig(
            str(tiny_model), precision=precision, steps=20, batch_size=4, learning_rate=0.01
        )
        return train(EXAMPLES, config, tmp_path_factory.mktemp(precision)).adapter

    return {precision: trained(precision) for precision in ("float32", "int8", "nf4")}


def plan(tiny_model: Path, adapter: Path, **how: object) -> ExportPlan:
    return ExportPlan(adapter, str(tiny_model), new_tokens=SHORT, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "int8", "nf4"])
def test_a_merged_model_says_what_its_adapter_says(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path, precision: str
) -> None:
    found = export_merged(plan(tiny_model, adapters[precision]), tmp_path / "merged", HELD)
    assert found.passed
    assert (found.prompts, found.same_answers) == (8, 8)
    assert found.difference < 0.02
    assert json.loads((tmp_path / "merged" / "parity.json").read_text())["same_answers"] == 8
    weights = load_file(tmp_path / "merged" / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert not any("lora" in name or "absmax" in name for name in weights)
    outputs = answer(HELD, Arm("merged", str(tmp_path / "merged")), Decoding(max_new_tokens=SHORT))
    assert sum(output.text == "yes, it is green!" for output in outputs) >= 7


def test_a_quantised_base_s_adapter_is_further_from_the_published_weights(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    wide = Bounds(difference=10, parted=1)
    apart = {
        into: export_merged(
            plan(tiny_model, adapters["nf4"], into=into, bounds=wide), tmp_path / into, HELD
        ).difference
        for into in MergeInto
    }
    assert apart[MergeInto.PUBLISHED] > 3 * apart[MergeInto.TRAINED_ON]


@pytest.fixture
def spoilt_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge that loses the adapter in one layer, as an exporter with a wrong name map does."""
    merge = export._merge

    def spoil(of: ExportPlan, folder: Path) -> None:
        merge(of, folder)
        weights = load_file(folder / "model.safetensors")
        base = load_file(Path(of.base) / "model.safetensors")
        name = "model.layers.1.mlp.down_proj.weight"
        save_file({**weights, name: base[name].half()}, folder / "model.safetensors")

    monkeypatch.setattr(export, "_merge", spoil)


@pytest.mark.usefixtures("spoilt_merge")
def test_an_export_that_says_otherwise_is_refused_and_shows_where(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(TrainerError, match=r"(?s)found \d of 8 answers the same .*Δ log-prob"):
        export_merged(plan(tiny_model, adapters["float32"]), tmp_path / "merged", HELD)
    assert list(tmp_path.iterdir()) == []


def test_an_export_needs_held_out_chats(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(TrainerError, match="found no held-out chats to compare the export on"):
        export_merged(plan(tiny_model, adapters["float32"]), tmp_path / "merged", [])


def test_a_folder_that_holds_something_else_is_left_alone(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("three years")
    with pytest.raises(TrainerError, match="found something else than an export at"):
        export_merged(plan(tiny_model, adapters["float32"]), tmp_path, HELD)
    assert (tmp_path / "thesis.txt").read_text() == "three years"


def test_the_vllm_command_serves_base_and_adapter(
    tiny_model: Path, adapters: dict[str, Path]
) -> None:
    command = vllm_command(plan(tiny_model, adapters["float32"]))
    assert command.startswith(f"vllm serve {tiny_model} --enable-lora --max-lora-rank 16")
    assert command.endswith(f"tuned={adapters['float32']}")


def test_what_a_killed_export_left_is_cleared_and_two_at_once_do_not_meet(
    tiny_model: Path,
    adapters: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = plan(tiny_model, adapters["float32"])
    left = tmp_path / ".merged.timbre-partial" / "whole"
    left.mkdir(parents=True)
    (left / "half.safetensors").write_text("half")
    merge = export._merge

    def meanwhile(of: ExportPlan, folder: Path) -> None:
        with pytest.raises(RunLockedError, match="found another process at work in"):
            export_merged(wanted, tmp_path / "merged", HELD)
        merge(of, folder)

    monkeypatch.setattr(export, "_merge", meanwhile)
    export_merged(wanted, tmp_path / "merged", HELD)
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    assert not (tmp_path / "merged" / "half.safetensors").exists()

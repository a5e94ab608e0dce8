"""Exports of adapters as whole models, which must match their adapters."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from db.records import Split
from tests.trainer.conftest import chat_example
from trainer.answer import answer
from trainer.arms import Arm, Decoding
from trainer.config import PrecisionName, TrainingConfig
from trainer.errors import RunLockedError, TrainerError
from trainer.export import formats
from trainer.export.export_plan import Bounds, ExportPlan, GgufType, MergeInto, bounds_for
from trainer.export.formats import export_merged, vllm_command
from trainer.models.precision import PRECISION_NAMES
from trainer.sft import train

EXAMPLES = [chat_example(number, answer="yes, it is green!") for number in range(12)]
PROMPTS = [chat_example(number, Split.TEST, answer="yes, it is green!") for number in range(30, 38)]
SHORT = 10


@pytest.fixture(scope="module")
def adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    def trained(precision: PrecisionName) -> Path:
        config = TrainingConfig(
            str(tiny_model), precision=precision, steps=20, batch_size=4, learning_rate=0.01
        )
        return train(EXAMPLES, config, tmp_path_factory.mktemp(precision)).adapter

    return {name: trained(name) for name in PRECISION_NAMES if name not in ("auto", "bfloat16")}


def plan(tiny_model: Path, adapter: Path, **options: object) -> ExportPlan:
    return ExportPlan(adapter, str(tiny_model), new_tokens=SHORT, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "int8", "nf4"])
def test_a_merged_model_matches_its_adapter(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path, precision: str
) -> None:
    parity = export_merged(plan(tiny_model, adapters[precision]), tmp_path / "merged", PROMPTS)
    assert parity.is_within_bounds
    assert (parity.prompts, parity.same_answers) == (8, 8)
    assert parity.difference < 0.02
    assert parity.same_tokens == 1
    assert json.loads((tmp_path / "merged" / "parity.json").read_text())["same_answers"] == 8
    weights = load_file(tmp_path / "merged" / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert not any("lora" in name or "absmax" in name for name in weights)
    outputs = answer(
        PROMPTS, Arm("merged", str(tmp_path / "merged")), Decoding(max_new_tokens=SHORT)
    )
    assert sum(output.text == "yes, it is green!" for output in outputs) >= 7


def test_an_adapter_of_a_quantised_base_differs_more_on_the_published_weights(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    wide = Bounds(difference=10, same_tokens=0)
    differences = {
        into: export_merged(
            plan(tiny_model, adapters["nf4"], into=into, bounds=wide), tmp_path / into, PROMPTS
        ).difference
        for into in MergeInto
    }
    assert differences[MergeInto.PUBLISHED] > 3 * differences[MergeInto.TRAINED_ON]


@pytest.fixture
def broken_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge that loses the adapter, like one with a wrong map of names."""
    merge = formats._merge

    def lose_adapter(plan: ExportPlan, folder: Path) -> None:
        merge(plan, folder)
        base = load_file(Path(plan.base) / "model.safetensors")
        save_file(
            {name: weight.half() for name, weight in base.items()}, folder / "model.safetensors"
        )

    monkeypatch.setattr(formats, "_merge", lose_adapter)


@pytest.mark.usefixtures("broken_merge")
def test_an_export_that_differs_is_rejected_with_the_first_difference(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(TrainerError, match=r"(?s)same token most likely in \d.*Δ log-prob.*“…"):
        export_merged(plan(tiny_model, adapters["float32"]), tmp_path / "merged", PROMPTS)
    assert list(tmp_path.iterdir()) == []


def test_an_export_without_held_out_chats_is_rejected(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(TrainerError, match="there are no held-out chats"):
        export_merged(plan(tiny_model, adapters["float32"]), tmp_path / "merged", [])


def test_a_folder_with_other_files_is_left_alone(
    tiny_model: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("three years")
    with pytest.raises(TrainerError, match="exists and isn't an earlier export"):
        export_merged(plan(tiny_model, adapters["float32"]), tmp_path, PROMPTS)
    assert (tmp_path / "thesis.txt").read_text() == "three years"


def test_the_vllm_command_serves_base_and_adapter(
    tiny_model: Path, adapters: dict[str, Path]
) -> None:
    command = vllm_command(plan(tiny_model, adapters["float32"]))
    assert command.startswith(f"vllm serve {tiny_model} --enable-lora --max-lora-rank 16")
    assert command.endswith(f"tuned={adapters['float32']}")


def test_leftovers_of_a_killed_export_are_deleted_and_a_second_export_waits(
    tiny_model: Path,
    adapters: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan_ = plan(tiny_model, adapters["float32"])
    leftover = tmp_path / ".merged.timbre-partial" / "whole"
    leftover.mkdir(parents=True)
    (leftover / "half.safetensors").write_text("half")
    merge = formats._merge

    def export_again(plan: ExportPlan, folder: Path) -> None:
        with pytest.raises(RunLockedError, match="Another process is using"):
            export_merged(plan_, tmp_path / "merged", PROMPTS)
        merge(plan, folder)

    monkeypatch.setattr(formats, "_merge", export_again)
    export_merged(plan_, tmp_path / "merged", PROMPTS)
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    assert not (tmp_path / "merged" / "half.safetensors").exists()


def test_four_bits_may_differ_more_but_not_as_much_as_a_lost_adapter() -> None:
    assert bounds_for(GgufType.F16) == bounds_for(GgufType.Q8_0) == Bounds(0.02, 0.98)
    assert bounds_for(GgufType.Q4_K_M) == Bounds(0.2, 0.9)

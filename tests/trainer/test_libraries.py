"""Errors of the machine become one readable message that names the setting to change."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from tests.trainer.conftest import chat_example
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.libraries import readable_errors
from trainer.models.loading import load_model
from trainer.models.precision import choose_precision
from trainer.sft import train
from trainer.training.sft_trainer import TimbreSFTTrainer

EXAMPLES = [chat_example(number) for number in range(4)]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_an_out_of_memory_error_names_the_settings_to_change(error: Exception) -> None:
    with (
        pytest.raises(TrainerError, match=r"out of memory.*Halve batch_size .*precision = .nf4"),
        readable_errors(),
    ):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("PytorchStreamWriter failed writing file data/0: No space left on device"),
    ],
)
def test_a_full_disk_error_says_how_to_continue(error: Exception) -> None:
    with (
        pytest.raises(TrainerError, match=r"The disk is full.* command again"),
        readable_errors(),
    ):
        raise error


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("a fault"), OSError("odd")])
def test_other_errors_pass_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, readable_errors():
        raise error
    assert caught.value is error


def test_a_trainer_error_passes_unchanged() -> None:
    with pytest.raises(TrainerError, match=r"^ours$"), readable_errors():
        raise TrainerError("ours")


def full_disk(real: Callable[..., None]) -> Callable[..., None]:
    """A save that fails halfway through its first file, as on a full disk."""

    def save(model: object, folder: str, **options: object) -> None:
        real(model, folder, **options)
        weights = Path(folder) / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    return save


def test_a_disk_that_fills_while_saving_leaves_no_adapter_and_the_run_resumes(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainingConfig(str(tiny_model), steps=4, batch_size=2, save_every=2)
    unbroken = train(EXAMPLES, config, tmp_path / "unbroken")
    with monkeypatch.context() as patched:
        patched.setattr(PeftModel, "save_pretrained", full_disk(PeftModel.save_pretrained))
        with pytest.raises(TrainerError, match="The disk is full"):
            train(EXAMPLES, config, tmp_path / "run")
    assert not (tmp_path / "run" / "adapter").exists()
    resumed = train(EXAMPLES, config, tmp_path / "run", resume=True)
    name = "adapter_model.safetensors"
    assert (resumed.adapter / name).read_bytes() == (unbroken.adapter / name).read_bytes()


def test_running_out_of_memory_in_a_step_stops_the_run(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TimbreSFTTrainer, "compute_loss", too_much)
    with pytest.raises(TrainerError, match="Halve batch_size"):
        train(EXAMPLES, TrainingConfig(str(tiny_model), steps=2), tmp_path)


def test_quantising_without_bitsandbytes_suggests_another_precision(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object, **__: object) -> None:
        raise ImportError("Using bitsandbytes 8-bit quantization requires bitsandbytes")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", unsupported)
    with pytest.raises(TrainerError, match=r"can't load a model as int8 .*Set precision to auto"):
        load_model(tiny_model, choose_precision("int8", "cpu"))
    with pytest.raises(TrainerError, match=r"Loading the model from .* failed"):
        load_model(tiny_model, choose_precision("float32", "cpu"))


def test_running_out_of_memory_while_loading_is_not_blamed_on_bitsandbytes(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", too_much)
    with pytest.raises(TrainerError, match="Halve batch_size"), readable_errors():
        load_model(tiny_model, choose_precision("nf4", "cpu"))

"""The training recipe on a tiny model: results, determinism, resuming and errors."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from db.records import Split
from tests.trainer.conftest import chat_example, text_example
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.sft import train
from trainer.training.results import TrainingResult

EXAMPLES = [chat_example(number) for number in range(12)]
VALIDATION = [chat_example(number, Split.VALIDATION) for number in range(20, 24)]


def quick(base: Path, **settings: object) -> TrainingConfig:
    defaults = {
        "steps": 8, "batch_size": 4, "lora_rank": 4, "save_every": 2, "warmup_steps": 1,
        "precision": "float32",
    }  # fmt: skip
    return TrainingConfig(base=str(base), **{**defaults, **settings})  # type: ignore[arg-type]


def weights(result: TrainingResult) -> bytes:
    return (result.adapter / "adapter_model.safetensors").read_bytes()


def test_training_lowers_the_loss_and_records_the_run(tiny_model: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int, float]] = []

    def record(done: int, total: int, loss: float) -> None:
        steps.append((done, total, loss))

    result = train(EXAMPLES + VALIDATION, quick(tiny_model, steps=30), tmp_path, on_step=record)
    assert result.losses[-1] < result.losses[0] - 0.5
    assert [(done, total) for done, total, _ in steps] == [(n, 30) for n in range(1, 31)]
    assert tuple(loss for *_, loss in steps) == result.losses
    assert result.metrics["validation_loss"] > 0
    assert result.metrics["tokens"] > 30 * 4 * 10
    assert result.tokens_per_second > 0
    assert result.peak_memory_mb > 50
    assert (result.precision, result.precision_reason != "") == ("float32", True)
    assert set(result.libraries) >= {"torch", "transformers", "trl", "peft"}
    assert len(result.code_fingerprint) == 64


def test_the_adapter_is_saved_as_safetensors_with_metadata(
    tiny_model: Path, tmp_path: Path
) -> None:
    result = train(EXAMPLES, quick(tiny_model), tmp_path)
    assert result.adapter == tmp_path / "adapter"
    assert any("lora_A" in name for name in load_file(result.adapter / "adapter_model.safetensors"))
    metadata = json.loads((result.adapter / "timbre.json").read_text())
    assert metadata["base_fingerprint"] == result.base_fingerprint
    assert metadata["template_fingerprint"] == result.template_fingerprint
    assert not list(tmp_path.rglob("*.pt"))
    assert not list(tmp_path.rglob("*.bin"))


def test_the_same_examples_settings_and_seed_give_the_same_adapter(
    tiny_model: Path, tmp_path: Path
) -> None:
    config = quick(tiny_model, lora_dropout=0.1)
    first, again = (train(EXAMPLES, config, tmp_path / name) for name in ("first", "again"))
    assert weights(first) == weights(again)
    assert first.losses == again.losses
    other = train(EXAMPLES, quick(tiny_model, lora_dropout=0.1, seed=1), tmp_path / "other")
    assert weights(other) != weights(first)


def train_until(step: int, config: TrainingConfig, folder: Path) -> None:
    def die(done: int, total: int, loss: float) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    train(EXAMPLES, config, folder, on_step=die)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")  # 3.12 on
@pytest.mark.parametrize("step", [1, 5, 8])
def test_a_killed_run_resumes_to_the_same_adapter(
    tiny_model: Path, tmp_path: Path, step: int
) -> None:
    config = quick(tiny_model, lora_dropout=0.1)
    uninterrupted = train(EXAMPLES, config, tmp_path / "uninterrupted")
    # Forked, because a spawned process would import the libraries for ten seconds.
    process = multiprocessing.get_context("fork").Process(
        target=train_until, args=(step, config, tmp_path / "interrupted")
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    resumed = train(EXAMPLES, config, tmp_path / "interrupted", resume=True)
    assert weights(resumed) == weights(uninterrupted)
    assert resumed.losses == uninterrupted.losses


def test_an_incomplete_checkpoint_is_skipped(tiny_model: Path, tmp_path: Path) -> None:
    config = quick(tiny_model)
    uninterrupted = train(EXAMPLES, config, tmp_path / "uninterrupted")

    def stop(done: int, total: int, loss: float) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(EXAMPLES, config, tmp_path / "interrupted", on_step=stop)
    last = tmp_path / "interrupted" / "checkpoints" / "checkpoint-4"
    (last / "trainer_state.json").write_text('{"global_step": 4, "log_hist')
    resumed = train(EXAMPLES, config, tmp_path / "interrupted", resume=True)
    assert weights(resumed) == weights(uninterrupted)


def test_resuming_a_finished_run_returns_it_without_training(
    tiny_model: Path, tmp_path: Path
) -> None:
    result = train(EXAMPLES, quick(tiny_model), tmp_path)

    def fail(done: int, total: int, loss: float) -> None:
        raise AssertionError("a finished run was trained again")

    assert train(EXAMPLES, quick(tiny_model), tmp_path, fail, resume=True) == result


def test_resuming_another_run_is_rejected(tiny_model: Path, tmp_path: Path) -> None:
    train(EXAMPLES, quick(tiny_model), tmp_path)
    with pytest.raises(TrainerError, match=r"contains a run with different examples.*with --anew"):
        train(EXAMPLES, quick(tiny_model, seed=3), tmp_path, resume=True)


def test_a_run_that_another_process_is_training_is_rejected(
    tiny_model: Path, tmp_path: Path
) -> None:
    def train_again(done: int, total: int, loss: float) -> None:
        with pytest.raises(TrainerError, match="Another process is using"):
            train(EXAMPLES, quick(tiny_model), tmp_path, resume=True)

    train(EXAMPLES, quick(tiny_model, steps=2), tmp_path, on_step=train_again)
    assert train(EXAMPLES, quick(tiny_model, steps=2), tmp_path, resume=True).metrics["steps"] == 2


def test_chats_and_plain_texts_train_in_one_run(tiny_model: Path, tmp_path: Path) -> None:
    mixed = EXAMPLES + [text_example(number) for number in range(8)]
    result = train(mixed, quick(tiny_model, steps=20), tmp_path)
    assert result.losses[-1] < result.losses[0]


def test_packed_and_padded_examples_train_to_the_same_loss(
    tiny_model: Path, tmp_path: Path
) -> None:
    mixed = EXAMPLES + [text_example(number) for number in range(8)]
    padded, packed = (
        train(mixed, quick(tiny_model, steps=10, packing=packing), tmp_path / str(packing))
        for packing in (False, True)
    )
    assert packed.losses == pytest.approx(padded.losses, rel=1e-3)
    assert packed.metrics["tokens"] == padded.metrics["tokens"]


def test_a_version_without_training_examples_is_rejected(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"None of the 4 examples are in the training split"):
        train(VALIDATION, quick(tiny_model), tmp_path)


def test_long_examples_are_counted_and_truncated_only_if_configured(
    tiny_model: Path, tmp_path: Path
) -> None:
    long = chat_example(1, answer="so people walk and walk " * 80)
    with pytest.raises(TrainerError, match=r"1 of 13 examples are longer than 256 tokens"):
        train([*EXAMPLES, long], quick(tiny_model), tmp_path)
    with pytest.raises(TrainerError, match=r"1 of 13 .* longer than 100 tokens"):
        train([*EXAMPLES, long], quick(tiny_model, max_length=100), tmp_path)
    result = train([*EXAMPLES, long], quick(tiny_model, truncate=True), tmp_path)
    assert result.metrics["steps"] == 8


def test_unknown_target_layers_are_rejected(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"lora_targets is \('nose',\), but the base"):
        train(EXAMPLES, quick(tiny_model, lora_targets=("nose",)), tmp_path)


def test_the_time_of_a_resumed_run_includes_earlier_processes(
    tiny_model: Path, tmp_path: Path
) -> None:
    def slow_then_stop(done: int, total: int, loss: float) -> None:
        if done == 1:
            time.sleep(0.8)
        if done == 5:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        train(EXAMPLES, quick(tiny_model), tmp_path, on_step=slow_then_stop)
    interrupted = time.monotonic()
    result = train(EXAMPLES, quick(tiny_model), tmp_path, resume=True)
    ended = time.monotonic()
    assert ended - interrupted + 0.7 < result.seconds < ended - started


def test_training_prints_and_logs_nothing(
    tiny_model: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    train(EXAMPLES, quick(tiny_model), tmp_path)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []

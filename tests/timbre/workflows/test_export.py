"""A run is exported as a merged model with its adapter's card, or as a command for vLLM."""

from dataclasses import replace
from pathlib import Path

from tests.timbre.workflows.tiny_runs import TinyRuns
from timbre.workflows.answer import tuned_arm
from timbre.workflows.export import ExportOptions, ExportTarget, export_run


def test_a_merged_model_comes_with_its_adapter_s_card(tiny_runs: TinyRuns, tmp_path: Path) -> None:
    # Rounding to float16 changes the answers of a model that has learned next to nothing.
    config = replace(tiny_runs.config(0), steps=60, batch_size=8, learning_rate=0.01)
    run, settings = tiny_runs.train_config(config), tiny_runs.settings
    options = ExportOptions(ExportTarget.MERGED, tmp_path / "m")
    steps: list[tuple[object, ...]] = []
    lines = list(
        export_run(tiny_runs.store, run, options, settings, lambda *step: steps.append(step))
    )
    assert [(done, total) for done, total, _ in steps] == [(n, 5) for n in range(5)]
    assert lines[0].startswith("It matches the adapter:")
    assert (tmp_path / "m" / "model.safetensors").is_file()
    assert "Page 0" in (tmp_path / "m" / "ADAPTER.md").read_text(encoding="utf-8")


def test_the_command_for_vllm_serves_the_adapter(tiny_runs: TinyRuns) -> None:
    run, settings = tiny_runs.train(0), tiny_runs.settings
    options = ExportOptions(ExportTarget.VLLM)
    (command,) = export_run(tiny_runs.store, run, options, settings, lambda *_: None)
    assert command.endswith(f"--lora-modules tuned={tuned_arm(run, settings).adapter}")

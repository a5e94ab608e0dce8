"""Training a version: the adapter's card, the run's record, and why a run fails."""

from dataclasses import replace

import pytest

from db.records import Gate, Run, Version
from db.runs import RunState, run_status
from tests.timbre.conftest import ignore_progress
from tests.timbre.workflows.tiny_runs import TinyRuns
from timbre.workflows.train import TrainPlan, train_version
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.models.lookup import fingerprint
from trainer.training.checkpoints import lock_run


def test_an_adapter_s_card_has_its_articles_and_its_loss(tiny_runs: TinyRuns) -> None:
    adapter = tiny_runs.settings.run_folder(tiny_runs.train(0).id) / "adapter"
    card = (adapter / "README.md").read_text(encoding="utf-8")
    assert "| [Page 0](https://wiki.example/Page_0) | 1 | CC BY-SA 4.0 |" in card
    assert "license: cc-by-sa-4.0\n" in card
    assert "![Loss over the steps](loss.png)" in card
    assert (adapter / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_records_its_speed_memory_and_cost(tiny_runs: TinyRuns) -> None:
    details = run_status(tiny_runs.store, tiny_runs.train(5, price=7.2)).detail
    assert details["cost"] == pytest.approx(details["seconds"] * 0.002, abs=1e-5)
    assert details["price_per_hour"] == 7.2
    assert details["tokens_per_second"] > 0
    assert details["peak_memory_mb"] > 0
    assert "cost" not in run_status(tiny_runs.store, tiny_runs.train(0)).detail


def test_a_version_that_failed_a_gate_is_not_trained_on(tiny_runs: TinyRuns) -> None:
    gate = Gate("agreement", False, "0.01", "at least 0.4", "none")
    version = Version(root="f" * 64, campaign="tone", gates=(gate,))
    tiny_runs.store.add([version])
    plan = TrainPlan(version, TrainingConfig(str(tiny_runs.model)))
    with pytest.raises(TrainerError, match=r"failed the gate “agreement”: it has 0\.01"):
        train_version(tiny_runs.store, plan, tiny_runs.settings, ignore_progress)
    run = next(iter(tiny_runs.store.stream(Run, version=version.id)))
    status = run_status(tiny_runs.store, run)
    assert status.state is RunState.FAILED
    assert "agreement" in status.detail["reason"]


def test_a_run_that_another_process_trains_is_not_recorded_as_failed(tiny_runs: TinyRuns) -> None:
    config = tiny_runs.config(12)
    run = Run(
        version=tiny_runs.version.id,
        base=config.base,
        base_fingerprint=fingerprint(config.base, config.revision),
        config=config.canonical,
        seed=config.seed,
    )
    with (
        lock_run(tiny_runs.settings.run_folder(run.id)),
        pytest.raises(TrainerError, match="Another process is using"),
    ):
        tiny_runs.train(12)
    assert run_status(tiny_runs.store, run).state is RunState.STARTED


def test_progress_reports_each_step_with_its_loss(tiny_runs: TinyRuns) -> None:
    reports: list[tuple[object, ...]] = []
    plan = TrainPlan(tiny_runs.version, tiny_runs.config(9))
    run = train_version(
        tiny_runs.store, plan, tiny_runs.settings, lambda *report: reports.append(report)
    )
    losses = run_status(tiny_runs.store, run).detail["losses"]
    assert reports == [(1, 2, f"loss {losses[0]:.3f}"), (2, 2, f"loss {losses[1]:.3f}")]


def test_a_run_without_its_base_model_is_recorded_as_failed(tiny_runs: TinyRuns) -> None:
    plan = TrainPlan(tiny_runs.version, replace(tiny_runs.config(0), base="no-such-model"))
    with pytest.raises(TrainerError, match="There is no model “no-such-model”"):
        train_version(tiny_runs.store, plan, tiny_runs.settings, ignore_progress)
    run = next(iter(tiny_runs.store.stream(Run, base="no-such-model")))
    status = run_status(tiny_runs.store, run)
    assert status.state is RunState.FAILED
    assert "no-such-model" in status.detail["reason"]

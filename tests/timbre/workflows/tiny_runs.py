"""Runs of a tiny model on a small version, and answers of theirs that meet the target or don't."""

from dataclasses import dataclass, replace
from pathlib import Path

from db.records import Measure, Output, Run, Version
from db.store import Store
from tests.timbre.conftest import ignore_progress
from timbre.campaign import resolve_campaign
from timbre.campaign_config import CampaignConfig, EvaluateConfig
from timbre.settings import Settings
from timbre.workflows.answer import (
    AnswerTask,
    answer_task,
    arm_outputs,
    held_out_prompts,
    run_arms,
)
from timbre.workflows.train import TrainPlan, train_version
from trainer.config import TrainingConfig

CAMPAIGN = resolve_campaign(
    CampaignConfig(
        "tone", tone="conversational", evaluate=EvaluateConfig(prompts=20, max_new_tokens=3)
    )
)


@dataclass(frozen=True)
class TinyRuns:
    """A store with a version, on which tiny models are trained."""

    store: Store
    settings: Settings
    model: Path
    version: Version

    def config(self, seed: int) -> TrainingConfig:
        """The settings of a run of two steps, which hardly changes the model."""
        return TrainingConfig(
            str(self.model), steps=2, batch_size=2, lora_rank=2, seed=seed, precision="float32"
        )

    def train(self, seed: int, price: float = 0.0) -> Run:
        """The run of a seed, at a price per hour; a finished one isn't repeated."""
        return self.train_config(self.config(seed), price)

    def train_config(self, config: TrainingConfig, price: float = 0.0) -> Run:
        """The run of these settings, at a price per hour; a finished one isn't repeated."""
        settings = replace(self.settings, price_per_hour=price)
        plan = TrainPlan(self.version, config)
        return train_version(self.store, plan, settings, ignore_progress)

    def answer(self, run: Run, share: float) -> None:
        """Let a run and its base answer; a share of the run's answers meets the target."""
        base, _, tuned = run_arms(CAMPAIGN, run, self.settings)
        prompts = held_out_prompts(self.store, run, CAMPAIGN.evaluate.prompts)
        for arm, target in ((base, 0.0), (tuned, share)):
            answer_task(self.store, AnswerTask(CAMPAIGN, run, arm, prompts), ignore_progress)
            outputs = list(arm_outputs(self.store, arm, run, prompts))
            assert len(outputs) == 20
            self.store.add(
                _target_measure(output, n < target * 20) for n, output in enumerate(outputs)
            )


def _target_measure(output: Output, is_met: bool) -> Measure:
    criterion = CAMPAIGN.require_criterion("The test")
    name = criterion.feature.name
    source = criterion.source_of(name)
    return Measure(subject=output.id, name=name, source=source, value=float(is_met))

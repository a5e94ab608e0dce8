"""The conditions under which held-out prompts are answered."""

import json
from dataclasses import dataclass, replace

from db.records import Run
from timbre.aims import subject_of
from timbre.campaign import Campaign
from timbre.settings import Settings
from timbre.training import run_folder
from trainer.answer import Arm
from trainer.checkpoints import ADAPTER

BASE, PROMPTED, TUNED = "base", "prompted", "tuned"


@dataclass(frozen=True)
class ArmWords:
    """How an arm is called and described in the report."""

    label: str
    description: str


WORDS = {
    BASE: ArmWords("Base", "the base model as it is, without a system prompt"),
    PROMPTED: ArmWords("Base, prompted", "the base model with the campaign's system prompt"),
    TUNED: ArmWords("Tuned", "the base model with the trained adapter, without a system prompt"),
}


def arms(campaign: Campaign, run: Run, settings: Settings) -> tuple[Arm, ...]:
    """Base, base with the campaign's system prompt, and tuned."""
    bare = Arm(name=BASE, base=run.base, revision=str(json.loads(run.config).get("revision", "")))
    return (
        bare,
        replace(bare, name=PROMPTED, system=subject_of(campaign).system),
        tuned_arm(run, settings),
    )


def tuned_arm(run: Run, settings: Settings) -> Arm:
    """A run's adapter on its base, without a system prompt."""
    return Arm(
        name=TUNED,
        base=run.base,
        revision=str(json.loads(run.config).get("revision", "")),
        adapter=run_folder(settings, run) / ADAPTER,
        run=run.id,
    )

"""The conditions under which held-out prompts are answered."""

from dataclasses import dataclass

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
    prompt = subject_of(campaign).system
    adapter = run_folder(settings, run) / ADAPTER
    return (
        Arm(name=BASE, base=run.base),
        Arm(name=PROMPTED, base=run.base, system=prompt),
        Arm(name=TUNED, base=run.base, adapter=adapter, run=run.id),
    )

"""Held-out prompts answered by every arm; an answer that is there already is not made again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from db.records import CandidateKind, Example, Output, Run, Split, Version
from db.store import Store
from db.versions import version_examples
from timbre.arms import arms
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.settings import Settings
from timbre.stores import kept
from trainer.answer import Arm, Decoding, answer

_WITH_PROMPT = (CandidateKind.CONVERSATION, CandidateKind.DIALOGUE)


def held_out(store: Store, version: Version, most: int) -> list[Example]:
    """The prompts of a version's test side, at most `most` unless that is 0, in order of id."""
    examples = version_examples(store, version, Split.TEST)
    prompts = sorted((e for e in examples if e.kind in _WITH_PROMPT), key=lambda e: e.id)
    return prompts[:most] if most else prompts


def answer_run(
    store: Store, campaign: Campaign, run: Run, settings: Settings, advance: Advance
) -> int:
    """Let every arm of a run answer the held-out prompts; returns how many outputs are new."""
    version = kept(store, Version, run.version)
    prompts = held_out(store, version, campaign.evaluate.prompts)
    decoding = Decoding(
        max_new_tokens=campaign.evaluate.max_new_tokens,
        no_repeat=campaign.evaluate.no_repeat,
        seed=campaign.evaluate.seed,
    )
    new = 0
    for arm in arms(campaign, run, settings):
        there = {o.prompt for o in arm_outputs(store, arm, run, prompts) if _made_so(o, decoding)}
        missing = [prompt for prompt in prompts if prompt.id not in there]
        if missing:
            new += store.add(answer(missing, arm, decoding, advance))
    return new


def run_outputs(
    store: Store, campaign: Campaign, run: Run, settings: Settings
) -> dict[str, list[Output]]:
    """The outputs of every arm to the run's held-out prompts, by the arm's name."""
    prompts = held_out(store, kept(store, Version, run.version), campaign.evaluate.prompts)
    return {
        arm.name: list(arm_outputs(store, arm, run, prompts))
        for arm in arms(campaign, run, settings)
    }


def arm_outputs(store: Store, arm: Arm, run: Run, prompts: Sequence[Example]) -> Iterator[Output]:
    """An arm's outputs to some prompts: with the same adapter, base model and system prompt."""
    for output in store.stream(Output, arm=arm.name, prompt=tuple(p.id for p in prompts)):
        told = json.loads(output.generation)
        same_base = told["base_fingerprint"] == run.base_fingerprint
        if output.run == arm.run and same_base and told["system"] == arm.system:
            yield output


def _made_so(output: Output, decoding: Decoding) -> bool:
    told, asked = json.loads(output.generation), asdict(decoding)
    return all(told[knob] == value for knob, value in asked.items() if knob != "precision")

"""Held-out prompts answered by every arm; an answer that is there already is not made again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from db.records import CandidateKind, Example, Output, Run, Split, Version
from db.store import Store
from db.versions import version_examples
from timbre.arms import arms
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.runs import check_finished
from timbre.settings import Settings
from timbre.stores import kept
from trainer.answer import Arm, Decoding, answer
from trainer.endpoint import Endpoint, answer_remotely

_WITH_PROMPT = (CandidateKind.CONVERSATION, CandidateKind.DIALOGUE)


def held_out(store: Store, version: Version, most: int) -> list[Example]:
    """The prompts of a version's test side, at most `most` unless that is 0, in order of id."""
    examples = version_examples(store, version, Split.TEST)
    prompts = sorted((e for e in examples if e.kind in _WITH_PROMPT), key=lambda e: e.id)
    return prompts[:most] if most else prompts


@dataclass(frozen=True)
class Server:
    """A server that has a run's base and its adapter, and what they are called there."""

    url: str
    base: str
    tuned: str
    api_key: str = field(repr=False)

    def endpoint(self, arm: Arm) -> Endpoint:
        """Where an arm is asked."""
        return Endpoint(self.url, self.tuned if arm.adapter else self.base, self.api_key)


@dataclass(frozen=True)
class Asked:
    """An arm of a run, and the prompts it is to answer as a campaign says: here, or by a server."""

    campaign: Campaign
    run: Run
    arm: Arm
    prompts: Sequence[Example]
    server: Server | None = None


def answer_run(
    store: Store, campaign: Campaign, run: Run, settings: Settings, advance: Advance
) -> int:
    """Let every arm of a run answer the held-out prompts; returns how many outputs are new."""
    return sum(
        answer_arm(store, asked, advance) for asked in asked_of(store, campaign, run, settings)
    )


def asked_of(store: Store, campaign: Campaign, run: Run, settings: Settings) -> list[Asked]:
    """What every arm of a finished run is to be asked.

    Raises `SettingsError` if the run has not finished.
    """
    check_finished(store, run)
    prompts = held_out(store, kept(store, Version, run.version), campaign.evaluate.prompts)
    return [Asked(campaign, run, arm, prompts) for arm in arms(campaign, run, settings)]


def answer_arm(store: Store, asked: Asked, advance: Advance) -> int:
    """Let an arm answer what it has not answered in this way; returns how many are new."""
    evaluate = asked.campaign.evaluate
    decoding = Decoding(
        max_new_tokens=evaluate.max_new_tokens, no_repeat=evaluate.no_repeat, seed=evaluate.seed
    )
    outputs = arm_outputs(store, asked.arm, asked.run, asked.prompts)
    there = {output.prompt for output in outputs if _made_so(output, decoding)}
    missing = [prompt for prompt in asked.prompts if prompt.id not in there]
    if not missing:
        return 0
    if asked.server is None:
        return store.add(answer(missing, asked.arm, decoding, advance))
    endpoint = asked.server.endpoint(asked.arm)
    return store.add(answer_remotely(missing, asked.arm, decoding, endpoint, advance))


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
        same_base = told.get("base_fingerprint") == run.base_fingerprint
        if "endpoint" in told:  # a server tells no fingerprint of what it serves
            same_base = told["base"] == run.base
        if output.run == arm.run and same_base and told["system"] == arm.system:
            yield output


def _made_so(output: Output, decoding: Decoding) -> bool:
    told, asked = json.loads(output.generation), asdict(decoding)
    return all(told[knob] == value for knob, value in asked.items() if knob != "precision")

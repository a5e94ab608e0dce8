"""Answer held-out prompts with every arm of a run, skipping prompts that already have an answer."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

from annotation.comparisons import blind_pairs
from db.records import CandidateKind, Example, Output, Run, Split, Version
from db.runs import check_finished
from db.store import Store
from db.versions.contents import version_examples
from pipelines.teachers.served import Sampling, ServedModel
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.settings import Settings
from trainer.answer import answer
from trainer.arms import Arm, Decoding
from trainer.services.endpoint import answer_remotely
from trainer.training.checkpoints import ADAPTER

BASE, PROMPTED, TUNED = "base", "prompted", "tuned"
PAIRS = ((TUNED, BASE), (TUNED, PROMPTED))
"""The pairs of arms whose outputs reviewers compare."""
_PROMPT_KINDS = (CandidateKind.CONVERSATION, CandidateKind.DIALOGUE)


@dataclass(frozen=True)
class Server:
    """A server for a run's base model and tuned model, and the names under which it serves them.

    `base_url` is the URL of the base model if another server serves it.
    """

    url: str
    base: str
    tuned: str
    api_key: str = field(repr=False)
    base_url: str = ""

    def model(self, arm: Arm, decoding: Decoding) -> ServedModel:
        """Return the served model that generates an arm's answers."""
        sampling = Sampling(
            decoding.max_new_tokens, decoding.temperature, decoding.top_p, decoding.seed
        )
        if arm.adapter:
            return ServedModel(self.url, self.tuned, self.api_key, sampling)
        return ServedModel(self.base_url or self.url, self.base, self.api_key, sampling)


@dataclass(frozen=True)
class AnswerTask:
    """An arm of a run, and the prompts to answer with it on this machine or on a server."""

    campaign: Campaign
    run: Run
    arm: Arm
    prompts: Sequence[Example]
    server: Server | None = None


def answer_run(
    store: Store, campaign: Campaign, run: Run, settings: Settings, on_progress: ProgressCallback
) -> int:
    """Answer the held-out prompts with every arm of a run, and return the number of new answers.

    Raises `StoreError` if the run hasn't finished, and `TrainerError` if a model can't answer.
    """
    tasks = answer_tasks(store, campaign, run, settings)
    return sum(answer_task(store, task, on_progress) for task in tasks)


def answer_tasks(
    store: Store, campaign: Campaign, run: Run, settings: Settings, server: Server | None = None
) -> list[AnswerTask]:
    """Create a task for every arm of a finished run.

    Raises `StoreError` if the run hasn't finished.
    """
    check_finished(store, run)
    prompts = held_out_prompts(store, run, campaign.evaluate.prompts)
    arms = run_arms(campaign, run, settings)
    return [AnswerTask(campaign, run, arm, prompts, server) for arm in arms]


def answer_task(store: Store, task: AnswerTask, on_progress: ProgressCallback) -> int:
    """Answer the prompts that an arm hasn't answered yet, and return the number of new answers."""
    evaluate = task.campaign.evaluate
    decoding = Decoding(
        max_new_tokens=evaluate.max_new_tokens, no_repeat=evaluate.no_repeat, seed=evaluate.seed
    )
    outputs = arm_outputs(store, task.arm, task.run, task.prompts)
    answered = {output.prompt for output in outputs if _has_decoding(output, decoding)}
    missing = [prompt for prompt in task.prompts if prompt.id not in answered]
    if not missing:
        return 0
    if task.server is None:
        return store.add(answer(missing, task.arm, decoding, on_progress))
    model = task.server.model(task.arm, decoding)
    outputs = answer_remotely(missing, task.arm, decoding, model, on_progress)
    return sum(store.add([output]) for output in outputs)  # keeps these if a later one fails


def run_arms(campaign: Campaign, run: Run, settings: Settings) -> tuple[Arm, ...]:
    """Return the three arms: base, base with the campaign's system prompt, and tuned."""
    base = base_arm(run)
    prompted = replace(base, name=PROMPTED, system=campaign.system_prompt)
    return base, prompted, tuned_arm(run, settings)


def base_arm(run: Run) -> Arm:
    """Return the arm of a run's base model without an adapter or system prompt."""
    return Arm(name=BASE, base=run.base, revision=str(json.loads(run.config).get("revision", "")))


def tuned_arm(run: Run, settings: Settings) -> Arm:
    """Return the arm of a run's base model with its adapter, without a system prompt."""
    adapter = settings.run_folder(run.id) / ADAPTER
    return replace(base_arm(run), name=TUNED, adapter=adapter, run=run.id)


def held_out_prompts(store: Store, run: Run, limit: int) -> list[Example]:
    """Return up to `limit` test prompts (0 for all) of a run's version, sorted by id."""
    examples = version_examples(store, store.require(Version, run.version), Split.TEST)
    prompts = sorted((e for e in examples if e.kind in _PROMPT_KINDS), key=lambda e: e.id)
    return prompts[: limit or None]


def run_outputs(
    store: Store, campaign: Campaign, run: Run, settings: Settings
) -> dict[str, list[Output]]:
    """Return each arm's outputs for the run's held-out prompts, keyed by arm name."""
    prompts = held_out_prompts(store, run, campaign.evaluate.prompts)
    arms = run_arms(campaign, run, settings)
    return {arm.name: list(arm_outputs(store, arm, run, prompts)) for arm in arms}


def arm_outputs(store: Store, arm: Arm, run: Run, prompts: Sequence[Example]) -> Iterator[Output]:
    """Return existing outputs with the base model, adapter and system prompt of an arm."""
    for output in store.stream(Output, arm=arm.name, prompt=tuple(p.id for p in prompts)):
        generation = json.loads(output.generation)
        is_same_base = generation.get("base_fingerprint") == run.base_fingerprint
        if "endpoint" in generation:  # a server doesn't report the fingerprint of its model
            is_same_base = generation["base"] == run.base
        if output.run == arm.run and is_same_base and generation["system"] == arm.system:
            yield output


def add_comparisons(store: Store, campaign: Campaign, outputs: dict[str, list[Output]]) -> int:
    """Pair the tuned arm's outputs with those of other arms, and return the number of new pairs."""
    every = [output for arm in outputs.values() for output in arm]
    return store.add(blind_pairs(every, campaign.name, campaign.evaluate.seed, PAIRS))


def _has_decoding(output: Output, decoding: Decoding) -> bool:
    generation = json.loads(output.generation)
    return all(
        generation[name] == value for name, value in asdict(decoding).items() if name != "precision"
    )

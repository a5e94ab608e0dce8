"""Models tuned at a service with OpenAI's API, as further arms of the tone study.

A job is started once: what was begun is written down before it is waited for, what is finished
is on the shelf. Costs are estimates from the study's own prices, at four characters a token.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from db.records import Example
from evaluation.arms import MeasuredArm
from studies.costs import scored
from studies.ladder import ProgressCallback, PromptingTask
from studies.result_cache import ResultCache
from studies.strategies import PromptingStrategy
from studies.training import PlannedTraining
from trainer.answer import Arm as Asking
from trainer.answer import Decoding
from trainer.endpoint import Endpoint, answer_remotely
from trainer.finetune_api import FineTuneService, fine_tune

_CHARACTERS_A_TOKEN = 4
_USUAL_EPOCHS = 3


@dataclass(frozen=True)
class Provider:
    """A model at a service, which is asked as it is and tuned there.

    Attributes:
        model: The service's name of the model.
        url: The service.
        sizes: Numbers of training examples, none for the study's own; OpenAI takes 10 or more.
        seeds: Seeds of its jobs, none for the study's own.
        epochs: Passes over the examples, 0 for the service's choice, of which 3 are then priced.
        training_million: US dollars for a million tokens that are trained on.
        input_million: US dollars for a million tokens that the tuned model reads.
        output_million: US dollars for a million tokens that it writes.
        every: Seconds between two looks at a job.
    """

    model: str
    url: str = "https://api.openai.com/v1"
    sizes: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    epochs: int = 3
    training_million: float = 0.0
    input_million: float = 0.0
    output_million: float = 0.0
    every: float = 10.0


@dataclass(frozen=True)
class Job:
    """One fine-tuning job: so many examples, drawn by a seed."""

    model: str
    size: int
    seed: int

    @property
    def label(self) -> str:
        """The job in words."""
        return f"{self.model}, {self.size} examples, seed {self.seed}"


@dataclass(frozen=True)
class FinetuneAccess:
    """What a service needs that a study does not have: a key for its address, and files.

    `write` puts examples into a folder as the service's training files.
    """

    key_of: Callable[[str], str]
    write: Callable[[Sequence[Example], Path], None]


@dataclass(frozen=True)
class FinetuneRequest:
    """What is wanted of one provider: its jobs with their examples, and what all are asked."""

    provider: Provider
    jobs: tuple[tuple[Job, tuple[Example, ...]], ...]
    asked: PromptingTask
    decoding: Decoding
    prompted_too: bool

    @property
    def remote(self) -> Decoding:
        """How its answers are made; the protocol has no rule against repeats."""
        return replace(self.decoding, no_repeat=0)


@dataclass(frozen=True)
class JobResult:
    """A job's answers without and with the prompt, and what it took."""

    job: Job
    end: MeasuredArm
    prompted: MeasuredArm | None
    facts: dict[str, Any]


@dataclass(frozen=True)
class ProviderResult:
    """A provider's model as it is, with the short prompt, and tuned."""

    provider: Provider
    bare: MeasuredArm
    prompted: MeasuredArm
    courses: tuple[JobResult, ...]


def hosted(
    order: FinetuneRequest,
    hosting: FinetuneAccess,
    kept: tuple[ResultCache, ProgressCallback | None],
) -> ProviderResult:
    """Every job of an order followed to its model, and every model asked; all of it kept.

    Raises `TrainerError` if the service cannot be reached, refuses, or ends a job without a model.
    """
    model = order.provider.model
    bare, prompted = _ways(order, model, model)
    courses = []
    for job, taught in order.jobs:
        facts = _tuned(order, job, taught, hosting, kept)
        prompting_strategies = _ways(order, f"{model}-{job.size}", job.label)
        end, *told = [
            _arm(way, facts["model"], order, hosting, kept)
            for way in prompting_strategies[: 1 + order.prompted_too]
        ]
        courses.append(JobResult(job, end, told[0] if told else None, facts))
    return ProviderResult(
        order.provider,
        _arm(bare, model, order, hosting, kept),
        _arm(prompted, model, order, hosting, kept),
        tuple(courses),
    )


def plan_finetuning(order: FinetuneRequest, shelf: ResultCache) -> Iterator[PlannedTraining]:
    """What an order comes to: the answers of the model as it is, then each job with its answers."""
    provider, answers = order.provider, _answers_usd(order)
    prompting_strategies = _ways(order, provider.model, provider.model)
    there = [shelf.has(_answer_key(way, provider.model, order)) for way in prompting_strategies]
    yield PlannedTraining(
        f"{provider.model}, not tuned", all(there), there.count(False) * answers, True
    )
    for job, taught in order.jobs:
        key = _job_key(order, job, taught)
        if not shelf.has(key):
            usd = training_usd(provider, _tokens(taught) * (provider.epochs or _USUAL_EPOCHS))
            yield PlannedTraining(job.label, False, usd + (1 + order.prompted_too) * answers, True)
            continue
        model = str(shelf.kept(key, dict)["hosted"]["model"])
        prompting_strategies = _ways(order, f"{provider.model}-{job.size}", job.label)[
            : 1 + order.prompted_too
        ]
        there = [shelf.has(_answer_key(way, model, order)) for way in prompting_strategies]
        yield PlannedTraining(job.label, all(there), there.count(False) * answers, True)


def training_usd(provider: Provider, tokens: int) -> float:
    """What training on so many tokens costs at a provider, in US dollars."""
    return tokens * provider.training_million / 1e6


def _tokens(examples: Sequence[Example]) -> int:
    said = sum(len(message.content) for e in examples for message in e.messages)
    return said // _CHARACTERS_A_TOKEN


def _answers_usd(order: FinetuneRequest) -> float:
    """What one model's answers to all prompts cost at most."""
    prompts, provider = order.asked.prompts, order.provider
    read = sum(len(p.messages[0].content) + len(order.asked.system) for p in prompts)
    written = len(prompts) * order.remote.max_new_tokens
    return (
        read // _CHARACTERS_A_TOKEN * provider.input_million + written * provider.output_million
    ) / 1e6


def _ways(order: FinetuneRequest, name: str, label: str) -> tuple[PromptingStrategy, ...]:
    """A model asked without and with the short prompt."""
    bare = PromptingStrategy(name, label, "at its service, without a system prompt")
    told = "at its service, with the short prompt"
    return bare, PromptingStrategy(
        f"{name}-prompted", f"{label}, prompted", told, order.asked.system
    )


def _arm(
    way: PromptingStrategy,
    model: str,
    order: FinetuneRequest,
    hosting: FinetuneAccess,
    kept: tuple[ResultCache, ProgressCallback | None],
) -> MeasuredArm:
    """A served model's answers in one way, from the shelf where they are there already."""
    provider, prompts, (shelf, told) = order.provider, order.asked.prompts, kept

    def progress(done: int, total: int) -> None:
        if told:
            told(way.label, done, total)

    def make() -> list[Any]:
        endpoint = Endpoint(provider.url, model, hosting.key_of(provider.url))
        asking = Asking(way.name, provider.model, system=way.system)
        return list(answer_remotely(prompts, asking, order.remote, endpoint, progress))

    outputs = shelf.outputs(_answer_key(way, model, order), make)
    return scored(way, outputs, prompts, order.asked.aim)


def _answer_key(way: PromptingStrategy, model: str, order: FinetuneRequest) -> dict[str, Any]:
    """What determines a served model's answers."""
    return {
        "way": [str(part) for part in astuple(replace(way, label="", description=""))],
        "endpoint": order.provider.url,
        "model": model,
        "prompts": [prompt.id for prompt in order.asked.prompts],
        "decoding": asdict(order.remote),
    }


def _tuned(
    order: FinetuneRequest,
    job: Job,
    taught: Sequence[Example],
    hosting: FinetuneAccess,
    kept: tuple[ResultCache, ProgressCallback | None],
) -> dict[str, Any]:
    """A job followed to its end: the tuned model's name and the tokens it was trained on."""
    provider, (shelf, told) = order.provider, kept
    key = _job_key(order, job, taught)
    place = shelf.place(key)

    def progress(_: str) -> None:
        if told:
            told(f"at the service, {job.label}", 0, 1)

    def make() -> dict[str, Any]:
        hosting.write(taught, place / "data")
        service = FineTuneService(
            job.model,
            hosting.key_of(provider.url),
            provider.url,
            seed=job.seed,
            epochs=provider.epochs,
            every=provider.every,
        )
        found = fine_tune(place / "data", place / "job", service, progress)
        return {"label": job.label, "hosted": asdict(found)}

    found: dict[str, Any] = shelf.kept(key, make)["hosted"]
    return found


def _job_key(order: FinetuneRequest, job: Job, taught: Sequence[Example]) -> dict[str, Any]:
    """What determines a tuned model."""
    return {
        "tuned_at": order.provider.url,
        "model": job.model,
        "seed": job.seed,
        "epochs": order.provider.epochs,
        "examples": [example.id for example in taught],
    }

"""Tune models through an OpenAI-compatible API, as additional arms of the tone study.

The id of a job is stored as soon as the job starts, so an interrupted study never starts it twice.
Costs are estimated from the prices in the study file, assuming four characters per token.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from db.records import Example
from evaluation.arms import MeasuredArm, average_arms
from pipelines.teachers.served import Sampling, ServedModel
from studies.config import Provider
from studies.result_cache import ResultCache, StudyContext
from studies.strategies import PromptingStrategy, PromptingTask, measure_arm
from studies.training import PlannedTraining
from trainer.arms import Arm, Decoding
from trainer.services.endpoint import answer_remotely
from trainer.services.finetune_api import FineTuneService, fine_tune

_CHARACTERS_PER_TOKEN = 4
_USUAL_EPOCHS = 3


@dataclass(frozen=True)
class FinetuneJob:
    """A fine-tuning job, with the training examples drawn for its seed."""

    model: str
    seed: int
    examples: tuple[Example, ...]

    @property
    def size(self) -> int:
        """The number of training examples."""
        return len(self.examples)

    @property
    def label(self) -> str:
        """The job's label, which names the model, the number of examples and the seed."""
        return f"{self.model}, {self.size} examples, seed {self.seed}"


@dataclass(frozen=True)
class FinetuneAccess:
    """Access to a fine-tuning API.

    `key_of` returns the API key for a URL, and `write_examples` writes training files for the API
    to a folder.
    """

    key_of: Callable[[str], str]
    write_examples: Callable[[Sequence[Example], Path], None]


@dataclass(frozen=True)
class FinetuneRequest:
    """The fine-tuning jobs for one provider, and the prompting task for every model."""

    provider: Provider
    jobs: tuple[FinetuneJob, ...]
    task: PromptingTask
    decoding: Decoding
    is_prompted_too: bool

    @property
    def remote_decoding(self) -> Decoding:
        """The decoding settings without `no_repeat`, which the API doesn't support."""
        return replace(self.decoding, no_repeat=0)

    @property
    def answers_usd(self) -> float:
        """The maximum price in US dollars of answering all prompts with one model."""
        prompts, provider = self.task.prompts, self.provider
        characters = sum(len(p.messages[0].content) + len(self.task.system) for p in prompts)
        inputs = characters // _CHARACTERS_PER_TOKEN * provider.input_million
        tokens = len(prompts) * self.remote_decoding.max_new_tokens
        return (inputs + tokens * provider.output_million) / 1e6

    def job_usd(self, job: FinetuneJob) -> float:
        """The estimated price of a job in US dollars."""
        characters = sum(len(m.content) for e in job.examples for m in e.messages)
        epochs = self.provider.epochs or _USUAL_EPOCHS
        return self.provider.training_usd(characters // _CHARACTERS_PER_TOKEN * epochs)

    def strategies(self, name: str, label: str) -> tuple[PromptingStrategy, PromptingStrategy]:
        """Return the strategies for a model: without a system prompt, and with the short one."""
        bare = PromptingStrategy(name, label, "served by the API, without a system prompt")
        prompted = "served by the API, with the short prompt"
        return bare, PromptingStrategy(
            f"{name}-prompted", f"{label}, prompted", prompted, self.task.system
        )

    def job_strategies(self, job: FinetuneJob) -> tuple[PromptingStrategy, ...]:
        """The strategies for prompting a tuned model."""
        strategies = self.strategies(f"{job.model}-{job.size}", job.label)
        return strategies if self.is_prompted_too else strategies[:1]

    def job_key(self, job: FinetuneJob) -> dict[str, Any]:
        """The cache key for a tuned model."""
        return {
            "tuned_at": self.provider.url,
            "model": job.model,
            "seed": job.seed,
            "epochs": self.provider.epochs,
            "examples": [example.id for example in job.examples],
        }

    def answer_key(self, strategy: PromptingStrategy, model: str) -> dict[str, Any]:
        """The cache key for the answers of a served model."""
        return {
            "way": [str(part) for part in astuple(replace(strategy, label="", description=""))],
            "endpoint": self.provider.url,
            "model": model,
            "prompts": [prompt.id for prompt in self.task.prompts],
            "decoding": asdict(self.remote_decoding),
        }


@dataclass(frozen=True)
class JobResult:
    """A tuned model's answers without and with the short prompt, and details of its job."""

    job: FinetuneJob
    bare: MeasuredArm
    prompted: MeasuredArm | None
    facts: dict[str, Any]


@dataclass(frozen=True)
class ProviderResult:
    """A provider's results: answers of the untuned model, and the results of each job."""

    provider: Provider
    bare: MeasuredArm
    prompted: MeasuredArm
    jobs: tuple[JobResult, ...]

    @property
    def by_size(self) -> dict[int, list[JobResult]]:
        """The results of the jobs, grouped by the number of training examples."""
        sizes: dict[int, list[JobResult]] = {}
        for result in self.jobs:
            sizes.setdefault(result.job.size, []).append(result)
        return sizes

    @property
    def arms(self) -> list[MeasuredArm]:
        """The answers of the untuned model, without and with the prompt, and of the tuned models.

        Results of jobs with the same number of training examples are averaged.
        """
        arms = [self.bare, self.prompted]
        for size, results in self.by_size.items():
            name, label = f"{self.provider.model}-{size}", f"{self.provider.model}, tuned on {size}"
            arms.append(average_arms([result.bare for result in results], name, label))
            prompted = [result.prompted for result in results if result.prompted]
            if prompted:
                arms.append(average_arms(prompted, f"{name}-prompted", f"{label}, prompted"))
        return arms


def run_finetuning(
    request: FinetuneRequest, access: FinetuneAccess, context: StudyContext
) -> ProviderResult:
    """Run or resume every job in a request, and have every model answer the prompts.

    Raises `TrainerError` if the API is unreachable, if it rejects a request, or if a job fails.
    """
    provider = request.provider

    def arm(strategy: PromptingStrategy, model: str) -> MeasuredArm:
        outputs = context.cache.outputs(
            request.answer_key(strategy, model), lambda: answers(strategy, model)
        )
        return measure_arm(strategy, outputs, request.task.prompts, request.task.criterion)

    def answers(strategy: PromptingStrategy, model: str) -> list[Any]:
        decoding = request.remote_decoding
        sampling = Sampling(
            decoding.max_new_tokens, decoding.temperature, decoding.top_p, decoding.seed
        )
        served = ServedModel(provider.url, model, access.key_of(provider.url), sampling)
        remote_arm = Arm(strategy.name, provider.model, system=strategy.system)
        progress = context.progress(strategy.label)
        return list(answer_remotely(request.task.prompts, remote_arm, decoding, served, progress))

    results = []
    for job in request.jobs:
        facts = _tune(request, job, access, context)
        bare, *prompted = [arm(each, facts["model"]) for each in request.job_strategies(job)]
        results.append(JobResult(job, bare, prompted[0] if prompted else None, facts))
    untuned = [arm(s, provider.model) for s in request.strategies(provider.model, provider.model)]
    return ProviderResult(provider, untuned[0], untuned[1], tuple(results))


def plan_finetuning(request: FinetuneRequest, cache: ResultCache) -> Iterator[PlannedTraining]:
    """Estimate the costs of the untuned model's answers, and of each job with its answers."""

    def answers(label: str, strategies: Sequence[PromptingStrategy], model: str) -> PlannedTraining:
        missing = sum(not cache.has(request.answer_key(each, model)) for each in strategies)
        return PlannedTraining(label, not missing, missing * request.answers_usd, is_remote=True)

    model = request.provider.model
    yield answers(f"{model}, not tuned", request.strategies(model, model), model)
    for job in request.jobs:
        key, strategies = request.job_key(job), request.job_strategies(job)
        if cache.has(key):
            tuned = str(cache.get_or_compute(key, dict)["hosted"]["model"])
            yield answers(job.label, strategies, tuned)
        else:
            usd = request.job_usd(job) + len(strategies) * request.answers_usd
            yield PlannedTraining(job.label, False, usd, is_remote=True)


def _tune(
    request: FinetuneRequest, job: FinetuneJob, access: FinetuneAccess, context: StudyContext
) -> dict[str, Any]:
    """Run or resume a job until it ends, and return the tuned model's name and training tokens."""
    provider, key = request.provider, request.job_key(job)
    folder, progress = context.cache.folder_for(key), context.progress(f"at the API, {job.label}")

    def compute() -> dict[str, Any]:
        access.write_examples(job.examples, folder / "data")
        service = FineTuneService(
            job.model,
            access.key_of(provider.url),
            provider.url,
            seed=job.seed,
            epochs=provider.epochs,
            every=provider.every,
        )
        result = fine_tune(folder / "data", folder / "job", service, lambda _: progress(0, 1))
        return {"label": job.label, "hosted": asdict(result)}

    facts: dict[str, Any] = context.cache.get_or_compute(key, compute)["hosted"]
    return facts

"""The tone study: how much data and precision does tuning need, and is prompting enough?

The study reconstructs Marquardt and Brule, “Fine-tuning on simulated data outperforms prompting for
agent tone of voice” (arXiv 2507.04889, 2025) from the published text. We chose the details that the
authors don't publish (the reading-ease threshold, the prompts, the LoRA settings), and the page
shows our choices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from db.records import Example, Split, digest
from evaluation.arms import MeasuredArm
from studies.config import ToneStudy
from studies.errors import StudyError
from studies.finetune_api import (
    FinetuneAccess,
    FinetuneJob,
    FinetuneRequest,
    ProviderResult,
    plan_finetuning,
    run_finetuning,
)
from studies.ladder import Ladder, cached_answers, run_ladder
from studies.result_cache import ResultCache, StudyContext
from studies.strategies import (
    TUNED,
    TUNED_PROMPTED,
    PromptContext,
    PromptingStrategy,
    PromptingTask,
    StudyModel,
    measure_arm,
)
from studies.training import PlannedTraining, adapter_key, train_cached
from trainer.config import PrecisionName, TrainingConfig


@dataclass(frozen=True)
class ToneCell:
    """One training run in the grid of a tone study."""

    size: int
    precision: PrecisionName
    seed: int

    @property
    def label(self) -> str:
        """The cell's label, which names the precision, the number of examples and the seed."""
        return f"{self.precision}, {self.size} examples, seed {self.seed}"


@dataclass(frozen=True)
class CellResult:
    """The results of a grid cell: answers with and without the prompt, and at each checkpoint."""

    cell: ToneCell
    bare: MeasuredArm
    prompted: MeasuredArm | None
    curve: tuple[tuple[int, MeasuredArm], ...]
    facts: dict[str, Any]


@dataclass(frozen=True)
class ToneResult:
    """Everything that a tone study measured."""

    study: ToneStudy
    task: PromptingTask
    ladder: Ladder
    cells: tuple[CellResult, ...]
    training: TrainingConfig
    providers: tuple[ProviderResult, ...] = ()


def tone_grid(study: ToneStudy, task: PromptingTask) -> Iterator[ToneCell]:
    """List the training runs in a grid, starting with the smallest number of examples.

    Raises `StudyError` if a size needs more training examples than there are.
    """
    largest = max(study.sizes)
    available = sum(example.split is Split.TRAIN for example in task.examples)
    if largest > available:
        raise StudyError(
            f"The largest size in `sizes` is {largest}, but there are only {available} training "
            "examples. Generate more candidates, or lower `sizes`."
        )
    for size in sorted(study.sizes):
        has_all = study.all_precisions_at_all_sizes or size == largest
        for precision in study.precisions if has_all else study.precisions[:1]:
            for seed in study.seeds:
                yield ToneCell(size, precision, seed)


def draw_examples(examples: Sequence[Example], size: int, seed: int) -> list[Example]:
    """Draw a random sample of training examples.

    With the same seed, a larger sample includes every smaller one.
    """
    training = [example for example in examples if example.split is Split.TRAIN]
    return sorted(training, key=lambda example: digest(f"{seed}\n{example.id}"))[:size]


def finetune_requests(study: ToneStudy, task: PromptingTask) -> Iterator[FinetuneRequest]:
    """Yield one request per provider, containing its fine-tuning jobs.

    Raises `StudyError` if a size needs more training examples than there are.
    """
    for provider in study.providers:
        sizes = sorted(provider.sizes or study.sizes)
        if sizes[-1] > len(task.examples):
            raise StudyError(
                f"{provider.model} needs {sizes[-1]} training examples, but there are only "
                f"{len(task.examples)}. Generate more candidates, or lower `sizes` for this "
                "provider."
            )
        jobs = tuple(
            FinetuneJob(provider.model, seed, tuple(draw_examples(task.examples, size, seed)))
            for size in sizes
            for seed in provider.seeds or study.seeds
        )
        yield FinetuneRequest(provider, jobs, task, study.ladder.decoding, study.prompted_too)


def plan_tone_grid(
    study: ToneStudy, task: PromptingTask, training: TrainingConfig, cache: ResultCache
) -> list[PlannedTraining]:
    """List the training runs in a grid, and whether each run is finished."""
    plan = []
    for cell in tone_grid(study, task):
        examples = draw_examples(task.examples, cell.size, cell.seed)
        key = adapter_key(_cell_config(cell, study, training), examples)
        plan.append(PlannedTraining(cell.label, cache.has(key)))
    for request in finetune_requests(study, task):
        plan += plan_finetuning(request, cache)
    return plan


def run_tone_grid(
    study: ToneStudy,
    task: PromptingTask,
    training: TrainingConfig,
    context: StudyContext,
    access: FinetuneAccess,
) -> ToneResult:
    """Run all steps that aren't cached: prompting ladder, grid cells and fine-tuning jobs.

    `access` provides the API keys and writes the training files for the fine-tuning jobs. Both jobs
    and grid cells draw their training examples from the task.
    """
    # Build the grid first, so that a study that can't run fails before it generates answers.
    grid, requests = list(tone_grid(study, task)), list(finetune_requests(study, task))
    model = StudyModel(training.base, training.revision)
    ladder = run_ladder(task, model, study.ladder, context)
    cells = tuple(_run_cell(cell, study, task, training, context) for cell in grid)
    providers = tuple(run_finetuning(request, access, context) for request in requests)
    return ToneResult(study, task, ladder, cells, training, providers)


def _run_cell(
    cell: ToneCell,
    study: ToneStudy,
    task: PromptingTask,
    training: TrainingConfig,
    context: StudyContext,
) -> CellResult:
    examples = draw_examples(task.examples, cell.size, cell.seed)
    trained = train_cached(cell.label, examples, _cell_config(cell, study, training), context)
    prompt_context = PromptContext((), 0, study.ladder.decoding, task.criterion)
    bare = PromptingStrategy(
        TUNED, cell.label, "the adapter without a system prompt", is_tuned=True
    )
    prompted = replace(bare, name=TUNED_PROMPTED, system=task.system)

    def arm(strategy: PromptingStrategy, step: int, prompts: Sequence[Example]) -> MeasuredArm:
        adapter, run = trained.adapters[step], f"{trained.id}@{step}"
        model = StudyModel(training.base, training.revision, adapter, run)
        outputs = cached_answers(strategy, model, prompts, prompt_context, context)
        return measure_arm(strategy, outputs, prompts, task.criterion)

    curve_prompts = task.prompts[: study.curve_prompts or None]
    has_curve = study.curve_every and cell.size == max(study.sizes)
    steps = sorted(trained.adapters) if has_curve else []
    return CellResult(
        cell,
        arm(bare, trained.last_step, task.prompts),
        arm(prompted, trained.last_step, task.prompts) if study.prompted_too else None,
        tuple((step, arm(bare, step, curve_prompts)) for step in steps),
        trained.facts,
    )


def _cell_config(cell: ToneCell, study: ToneStudy, training: TrainingConfig) -> TrainingConfig:
    return replace(
        training,
        precision=cell.precision,
        seed=cell.seed,
        steps=study.steps or training.steps,
        save_every=study.curve_every or training.save_every,
    )

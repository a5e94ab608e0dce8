"""The tone study: how much data, in which precision, how fast, and whether a prompt would do.

A reconstruction of I. Marquardt and P. Brule, “Fine-tuning on simulated data outperforms prompting
for agent tone of voice” (arXiv 2507.04889, 2025), from what they published; where they did not say
(the threshold of reading ease, the prompts, LoRA's settings) the settings are ours and are shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from db.records import Example, Split, digest
from evaluation.arms import MeasuredArm, MeasuredOutput
from studies.costs import scored
from studies.errors import StudyError
from studies.finetune_api import (
    FinetuneAccess,
    FinetuneRequest,
    Job,
    Provider,
    ProviderResult,
    hosted,
    plan_finetuning,
)
from studies.ladder import (
    TUNED,
    Ladder,
    LadderConfig,
    ProgressCallback,
    PromptingTask,
    cached_answers,
    run_ladder,
)
from studies.result_cache import ResultCache
from studies.strategies import Model, PromptContext, PromptingStrategy
from studies.training import PlannedTraining, Trained, trained
from trainer.config import TrainingConfig
from trainer.models import fingerprint


@dataclass(frozen=True)
class ToneStudy:
    """The grid of a tone study.

    Attributes:
        campaign: The campaign whose tone is studied.
        examples: `approved` are those of its newest version; `candidates` are all that were
            generated, judged by nobody, as the published study used them.
        training: A file of configs/training.
        sizes: Numbers of training examples.
        precisions: auto, float32, bfloat16, int8 or nf4: how the base is held.
        all_precisions_at_all_sizes: Otherwise all but the first only at the largest size.
        seeds: Seeds of training; a size's examples are drawn anew for each.
        steps: Optimiser steps of each training, 0 by the training file.
        curve_every: Steps between the points of the convergence curve, at the largest size.
        curve_prompts: Held-out prompts asked at each point of it, 0 for all.
        prompted_too: Whether every adapter is also asked with the short prompt.
        margin: Loss of similarity that is still acceptable, set before anything is measured.
        minutes_a_training: What a training takes, for `--dry-run` until one has been timed.
        providers: Models that are tuned at a service, through its jobs.
        ladder: How prompts are asked.
    """

    campaign: str
    examples: str = "approved"
    training: str = "mini"
    sizes: tuple[int, ...] = (10, 30, 100)
    precisions: tuple[str, ...] = ("auto",)
    all_precisions_at_all_sizes: bool = False
    seeds: tuple[int, ...] = (0,)
    steps: int = 0
    curve_every: int = 0
    curve_prompts: int = 0
    prompted_too: bool = False
    margin: float = 0.05
    minutes_a_training: float = 1.0
    providers: tuple[Provider, ...] = ()
    ladder: LadderConfig = field(default_factory=LadderConfig)


@dataclass(frozen=True)
class ToneCell:
    """One training of the grid."""

    size: int
    precision: str
    seed: int

    @property
    def label(self) -> str:
        """The cell in words."""
        return f"{self.precision}, {self.size} examples, seed {self.seed}"


@dataclass(frozen=True)
class CellResult:
    """One cell's answers: at the end without and with the prompt, and along the way."""

    cell: ToneCell
    end: MeasuredArm
    prompted: MeasuredArm | None
    curve: tuple[tuple[int, MeasuredArm], ...]
    facts: dict[str, Any]


@dataclass(frozen=True)
class ToneResult:
    """Everything a tone study measured."""

    study: ToneStudy
    asked: PromptingTask
    ladder: Ladder
    courses: tuple[CellResult, ...]
    training: TrainingConfig
    hosted: tuple[ProviderResult, ...] = ()


def tone_grid(study: ToneStudy, available: int) -> Iterator[ToneCell]:
    """The trainings of a grid, the small ones first.

    Raises `StudyError` if there are fewer training examples than a size asks for.
    """
    largest = max(study.sizes)
    if largest > available:
        raise StudyError(
            f"found {available} training examples, expected the {largest} of the largest size; "
            "generate more candidates, or lower `sizes`"
        )
    for size in sorted(study.sizes):
        everywhere = study.all_precisions_at_all_sizes or size == largest
        for precision in study.precisions if everywhere else study.precisions[:1]:
            for seed in study.seeds:
                yield ToneCell(size, precision, seed)


def drawn(examples: Sequence[Example], size: int, seed: int) -> list[Example]:
    """So many training examples by a seed; larger draws hold the smaller ones."""
    taught = [example for example in examples if example.split is Split.TRAIN]
    return sorted(taught, key=lambda example: digest(f"{seed}\n{example.id}"))[:size]


def config_of(cell: ToneCell, study: ToneStudy, training: TrainingConfig) -> TrainingConfig:
    """The training of a cell."""
    return replace(
        training,
        precision=cell.precision,
        seed=cell.seed,
        steps=study.steps or training.steps,
        save_every=study.curve_every or training.save_every,
    )


def key_of(config: TrainingConfig, taught: Sequence[Example]) -> dict[str, Any]:
    """What determines a cell's adapter."""
    return {
        "training": config.canonical,
        "base": fingerprint(config.base, config.revision),
        "examples": [example.id for example in taught],
    }


def planned(
    study: ToneStudy, asked: PromptingTask, training: TrainingConfig, shelf: ResultCache
) -> list[PlannedTraining]:
    """The trainings of a grid, and whether each is there already."""
    taught = [example for example in asked.pool if example.split is Split.TRAIN]
    found = []
    for cell in tone_grid(study, len(taught)):
        config = config_of(cell, study, training)
        key = key_of(config, drawn(taught, cell.size, cell.seed))
        found.append(PlannedTraining(cell.label, shelf.has(key)))
    for order in orders(study, asked):
        found += plan_finetuning(order, shelf)
    return found


def orders(study: ToneStudy, asked: PromptingTask) -> Iterator[FinetuneRequest]:
    """What is wanted of each provider.

    Raises `StudyError` if a size asks for more training examples than there are.
    """
    for provider in study.providers:
        sizes = sorted(provider.sizes or study.sizes)
        if sizes[-1] > len(asked.pool):
            raise StudyError(
                f"found {len(asked.pool)} training examples, expected the {sizes[-1]} for "
                f"{provider.model}; generate more candidates, or lower its `sizes`"
            )
        jobs = tuple(
            (Job(provider.model, size, seed), tuple(drawn(asked.pool, size, seed)))
            for size in sizes
            for seed in provider.seeds or study.seeds
        )
        yield FinetuneRequest(provider, jobs, asked, study.ladder.decoding, study.prompted_too)


def tone_study(
    study: ToneStudy,
    asked: PromptingTask,
    training: TrainingConfig,
    kept: tuple[ResultCache, ProgressCallback | None],
    hosting: FinetuneAccess,
) -> ToneResult:
    """Every cell trained and asked, and the prompting_strategies of prompting asked once; all of it kept.

    `asked.pool` is the training side. `hosting` is for the models that are tuned at a service.
    """
    taught = [example for example in asked.pool if example.split is Split.TRAIN]
    # What the grid asks for is settled first: nothing is answered for a study that cannot be made.
    grid, ordered = list(tone_grid(study, len(taught))), list(orders(study, asked))
    ladder = run_ladder(asked, Model(training.base, training.revision), study.ladder, *kept)
    courses = tuple(_course(cell, (study, asked, training), kept) for cell in grid)
    elsewhere = tuple(hosted(order, hosting, kept) for order in ordered)
    return ToneResult(study, asked, ladder, courses, training, elsewhere)


def _course(
    cell: ToneCell,
    grid: tuple[ToneStudy, PromptingTask, TrainingConfig],
    kept: tuple[ResultCache, ProgressCallback | None],
) -> CellResult:
    study, asked, training = grid
    shelf, told = kept
    config = config_of(cell, study, training)
    taught = drawn(asked.pool, cell.size, cell.seed)
    key = key_of(config, taught)
    made = _train(cell, config, taught, key, kept)
    run = shelf.place(key).name
    room = PromptContext((), 0, study.ladder.decoding, asked.aim)
    end = PromptingStrategy(TUNED, cell.label, "the adapter without a system prompt", tuned=True)
    prompted = replace(end, name="tuned-prompted", system=asked.system)

    def arm(way: PromptingStrategy, step: int, prompts: Sequence[Example]) -> MeasuredArm:
        adapter = made.adapters[step]
        model = Model(training.base, training.revision, adapter, f"{run}@{step}")
        outputs = cached_answers(way, model, prompts, room, (shelf, told))
        return scored(way, outputs, prompts, asked.aim)

    last = max(made.adapters)
    few = asked.prompts[: study.curve_prompts or None]
    along = sorted(made.adapters) if study.curve_every and cell.size == max(study.sizes) else []
    return CellResult(
        cell,
        arm(end, last, asked.prompts),
        arm(prompted, last, asked.prompts) if study.prompted_too else None,
        tuple((step, arm(end, step, few)) for step in along),
        made.facts,
    )


def _train(
    cell: ToneCell,
    config: TrainingConfig,
    taught: Sequence[Example],
    key: dict[str, Any],
    kept: tuple[ResultCache, ProgressCallback | None],
) -> Trained:
    shelf, told = kept

    def progress(done: int, total: int) -> None:
        if told:
            told(f"training, {cell.label}", done, total)

    made = trained(taught, config, shelf.place(key), progress)
    shelf.kept(key, lambda: {"facts": made.facts, "label": cell.label})
    return made


def average_arms(arms: Sequence[MeasuredArm], name: str, label: str) -> MeasuredArm:
    """Arms that answered the same prompts as one: each prompt's measures are means over them.

    A rate over it counts prompts, not answers, so that more seeds do not pass for more prompts.
    """
    by_prompt: dict[str, list[MeasuredOutput]] = {}
    for arm in arms:
        for row in arm.outputs:
            by_prompt.setdefault(row.prompt, []).append(row)
    rows = tuple(_mean(rows) for rows in by_prompt.values())
    return MeasuredArm(name, label, f"mean over {len(arms)} training(s)", rows)


def _mean(rows: Sequence[MeasuredOutput]) -> MeasuredOutput:
    names = set.intersection(*(set(row.measures) for row in rows))
    count = len(rows)
    return replace(
        rows[0],
        measures={name: sum(row.measures[name] for row in rows) / count for name in names},
        seconds=sum(row.seconds for row in rows) / count,
        tokens=round(sum(row.tokens for row in rows) / count),
    )

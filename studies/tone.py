"""The tone study: how much data, in which precision, how fast, and whether a prompt would do.

A reconstruction of I. Marquardt and P. Brule, “Fine-tuning on simulated data outperforms prompting
for agent tone of voice” (arXiv 2507.04889, 2025), from what they published; where they did not say
(the threshold of reading ease, the prompts, LoRA's settings) the settings are ours and are shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from db.records import Example, Split, digest
from evaluation.arms import Arm, Scored
from studies.asking import Classroom, Model, Way
from studies.errors import StudyError
from studies.hosted import Hosted, Hosting, Job, Order, Provider, hosted, planned_hosted
from studies.ladder import TUNED, Asked, Ladder, LadderConfig, Told, asked_once, climb
from studies.scoring import scored
from studies.shelf import Shelf
from studies.training import Planned, Trained, trained
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
class Square:
    """One training of the grid."""

    size: int
    precision: str
    seed: int

    @property
    def label(self) -> str:
        """The square in words."""
        return f"{self.precision}, {self.size} examples, seed {self.seed}"


@dataclass(frozen=True)
class Course:
    """One square's answers: at the end without and with the prompt, and along the way."""

    square: Square
    end: Arm
    prompted: Arm | None
    curve: tuple[tuple[int, Arm], ...]
    facts: dict[str, Any]


@dataclass(frozen=True)
class ToneResult:
    """Everything a tone study measured."""

    study: ToneStudy
    asked: Asked
    ladder: Ladder
    courses: tuple[Course, ...]
    training: TrainingConfig
    hosted: tuple[Hosted, ...] = ()


def squares(study: ToneStudy, available: int) -> Iterator[Square]:
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
                yield Square(size, precision, seed)


def drawn(examples: Sequence[Example], size: int, seed: int) -> list[Example]:
    """So many training examples by a seed; larger draws hold the smaller ones."""
    taught = [example for example in examples if example.split is Split.TRAIN]
    return sorted(taught, key=lambda example: digest(f"{seed}\n{example.id}"))[:size]


def config_of(square: Square, study: ToneStudy, training: TrainingConfig) -> TrainingConfig:
    """The training of a square."""
    return replace(
        training,
        precision=square.precision,
        seed=square.seed,
        steps=study.steps or training.steps,
        save_every=study.curve_every or training.save_every,
    )


def key_of(config: TrainingConfig, taught: Sequence[Example]) -> dict[str, Any]:
    """What determines a square's adapter."""
    return {
        "training": config.canonical,
        "base": fingerprint(config.base, config.revision),
        "examples": [example.id for example in taught],
    }


def planned(
    study: ToneStudy, asked: Asked, training: TrainingConfig, shelf: Shelf
) -> list[Planned]:
    """The trainings of a grid, and whether each is there already."""
    taught = [example for example in asked.pool if example.split is Split.TRAIN]
    found = []
    for square in squares(study, len(taught)):
        config = config_of(square, study, training)
        key = key_of(config, drawn(taught, square.size, square.seed))
        found.append(Planned(square.label, shelf.has(key)))
    for order in orders(study, asked):
        found += planned_hosted(order, shelf)
    return found


def orders(study: ToneStudy, asked: Asked) -> Iterator[Order]:
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
        yield Order(provider, jobs, asked, study.ladder.decoding, study.prompted_too)


def tone_study(
    study: ToneStudy,
    asked: Asked,
    training: TrainingConfig,
    kept: tuple[Shelf, Told | None],
    hosting: Hosting,
) -> ToneResult:
    """Every square trained and asked, and the ways of prompting asked once; all of it kept.

    `asked.pool` is the training side. `hosting` is for the models that are tuned at a service.
    """
    taught = [example for example in asked.pool if example.split is Split.TRAIN]
    # What the grid asks for is settled first: nothing is answered for a study that cannot be made.
    grid, ordered = list(squares(study, len(taught))), list(orders(study, asked))
    ladder = climb(asked, Model(training.base, training.revision), study.ladder, *kept)
    courses = tuple(_course(square, (study, asked, training), kept) for square in grid)
    elsewhere = tuple(hosted(order, hosting, kept) for order in ordered)
    return ToneResult(study, asked, ladder, courses, training, elsewhere)


def _course(
    square: Square,
    grid: tuple[ToneStudy, Asked, TrainingConfig],
    kept: tuple[Shelf, Told | None],
) -> Course:
    study, asked, training = grid
    shelf, told = kept
    config = config_of(square, study, training)
    taught = drawn(asked.pool, square.size, square.seed)
    key = key_of(config, taught)
    made = _train(square, config, taught, key, kept)
    run = shelf.place(key).name
    room = Classroom((), 0, study.ladder.decoding, asked.aim)
    end = Way(TUNED, square.label, "the adapter without a system prompt", tuned=True)
    prompted = replace(end, name="tuned-prompted", system=asked.system)

    def arm(way: Way, step: int, prompts: Sequence[Example]) -> Arm:
        adapter = made.adapters[step]
        model = Model(training.base, training.revision, adapter, f"{run}@{step}")
        outputs = asked_once(way, model, prompts, room, (shelf, told))
        return scored(way, outputs, prompts, asked.aim)

    last = max(made.adapters)
    few = asked.prompts[: study.curve_prompts or None]
    along = sorted(made.adapters) if study.curve_every and square.size == max(study.sizes) else []
    return Course(
        square,
        arm(end, last, asked.prompts),
        arm(prompted, last, asked.prompts) if study.prompted_too else None,
        tuple((step, arm(end, step, few)) for step in along),
        made.facts,
    )


def _train(
    square: Square,
    config: TrainingConfig,
    taught: Sequence[Example],
    key: dict[str, Any],
    kept: tuple[Shelf, Told | None],
) -> Trained:
    shelf, told = kept

    def progress(done: int, total: int) -> None:
        if told:
            told(f"training, {square.label}", done, total)

    made = trained(taught, config, shelf.place(key), progress)
    shelf.kept(key, lambda: {"facts": made.facts, "label": square.label})
    return made


def averaged(arms: Sequence[Arm], name: str, label: str) -> Arm:
    """Arms that answered the same prompts as one: each prompt's measures are means over them.

    A rate over it counts prompts, not answers, so that more seeds do not pass for more prompts.
    """
    by_prompt: dict[str, list[Scored]] = {}
    for arm in arms:
        for row in arm.outputs:
            by_prompt.setdefault(row.prompt, []).append(row)
    rows = tuple(_mean(rows) for rows in by_prompt.values())
    return Arm(name, label, f"mean over {len(arms)} training(s)", rows)


def _mean(rows: Sequence[Scored]) -> Scored:
    names = set.intersection(*(set(row.measures) for row in rows))
    count = len(rows)
    return replace(
        rows[0],
        measures={name: sum(row.measures[name] for row in rows) / count for name in names},
        seconds=sum(row.seconds for row in rows) / count,
        tokens=round(sum(row.tokens for row in rows) / count),
    )

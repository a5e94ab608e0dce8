"""Learning rates and LoRA ranks on SmolLM2: held-out loss, criterion and similarity of each pair.

Run it where a campaign's version is frozen, such as the demo's:

    python -m benchmarks.learning_rate [VERSION] [--campaign demo-tone] [--steps 30]

It trains on 100 examples of the training split and measures on the validation split, so that the
test split stays unseen. Every finished cell is a row of docs/benchmarks/learning-rate.csv, and
isn't run again. The page's table is written from that file after every cell.
"""

import argparse
import csv
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.record import PAGES, record
from db.records import Example, Output, Split, digest
from db.versions.contents import find_version, version_examples
from evaluation.criteria import Criterion
from evaluation.measures.content import SIMILARITY
from evaluation.statistics import wilson
from studies.strategies import BASE, TUNED, PromptingStrategy, measure_arm
from timbre.campaign import load_campaign, load_training
from timbre.settings import read_settings
from timbre.stores import open_store
from trainer.answer import answer
from trainer.arms import Arm, Decoding
from trainer.config import TrainingConfig
from trainer.logprobs import example_logprobs
from trainer.sft import train

RATES = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3)
RANKS = (16, 64, 8)
EXAMPLES = 100
DECODING = Decoding(max_new_tokens=96, precision="float32")
DATA = PAGES / "learning-rate.csv"


@dataclass(frozen=True)
class Cell:
    """One pair's results; rank 0 is the base model without an adapter.

    Losses are in nats per token of the answers. `met` of `answers` meet the criterion.
    """

    rank: int
    learning_rate: float
    steps: int
    training_loss: float
    held_out_loss: float
    met: int
    answers: int
    similarity: float
    words: float
    seconds: float


@dataclass(frozen=True)
class Data:
    """The training examples, the held-out ones, and the campaign's criterion."""

    train: list[Example]
    held_out: list[Example]
    criterion: Criterion


def load_data(version: str, campaign: str) -> Data:
    """100 training examples drawn by their ids, and the validation split."""
    with open_store() as store:
        record_ = find_version(store, version)
        train_split = version_examples(store, record_, Split.TRAIN)
        held_out = sorted(version_examples(store, record_, Split.VALIDATION), key=lambda e: e.id)
    drawn = sorted(train_split, key=lambda example: digest(f"0\n{example.id}"))[:EXAMPLES]
    return Data(drawn, held_out, load_campaign(campaign).require_criterion("This benchmark"))


def measure(arm: Arm, data: Data, cell: Cell) -> Cell:
    """A cell with its held-out loss and its answers' measures filled in."""
    scores = list(example_logprobs(data.held_out, arm, "float32"))
    tokens = sum(len(score.logprobs) for score in scores)
    outputs = list(answer(data.held_out, arm, DECODING))
    strategy = PromptingStrategy(arm.name, arm.name, "", is_tuned=bool(arm.adapter))
    rows = measure_arm(strategy, outputs, data.held_out, data.criterion)
    return replace(
        cell,
        held_out_loss=-sum(sum(score.logprobs) for score in scores) / tokens,
        met=sum(value > 0 for value in rows.values(data.criterion.feature.name)),
        answers=len(outputs),
        similarity=fmean(rows.values(SIMILARITY.name)),
        words=fmean(_words(output) for output in outputs),
    )


def _words(output: Output) -> int:
    return len(output.text.split())


def run_cell(config: TrainingConfig, data: Data, folder: Path) -> Cell:
    """Train one pair and measure it; an interrupted training continues."""
    started = time.monotonic()
    result = train([*data.train], config, folder, resume=True)
    arm = Arm(TUNED, config.base, adapter=result.adapter, run=folder.name)
    cell = Cell(
        rank=config.lora_rank,
        learning_rate=config.learning_rate,
        steps=config.steps,
        training_loss=fmean(result.losses[-5:]),
        held_out_loss=0.0,
        met=0,
        answers=0,
        similarity=0.0,
        words=0.0,
        seconds=time.monotonic() - started,
    )
    return measure(arm, data, cell)


def read_cells() -> list[Cell]:
    """The finished cells."""
    if not DATA.is_file():
        return []
    with DATA.open(encoding="utf-8", newline="") as file:
        return [
            Cell(**{name: _number(value) for name, value in row.items()})
            for row in csv.DictReader(file)
        ]


def _number(value: str) -> Any:
    return int(value) if value.isdecimal() else float(value)


def write_cells(cells: Sequence[Cell]) -> None:
    """Write all finished cells, by rank and rate."""
    rows = sorted(cells, key=lambda cell: (cell.rank, cell.learning_rate))
    with DATA.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Cell)])
        writer.writeheader()
        for row in rows:
            values = asdict(row).items()
            writer.writerow({name: f"{v:.6g}" if isinstance(v, float) else v for name, v in values})


def table(cells: Sequence[Cell]) -> Iterator[str]:
    """The finished cells, and each rate's mean over its ranks."""
    yield "| rank | rate | training loss | held-out loss | conversational | similarity | words |"
    yield "|---|---|---|---|---|---|---|"
    for cell in sorted(cells, key=lambda cell: (cell.rank, cell.learning_rate)):
        rate = wilson(cell.met, cell.answers)
        name = f"{cell.rank} | {cell.learning_rate:g}" if cell.rank else "none | –"
        loss = f"{cell.training_loss:.3f}" if cell.rank else "–"
        yield (
            f"| {name} | {loss} | {cell.held_out_loss:.3f} | {rate.estimate:.0%} "
            f"({rate.low:.0%} to {rate.high:.0%}) | {cell.similarity:.2f} | {cell.words:.0f} |"
        )
    yield ""
    yield "| rate, mean over ranks | ranks | held-out loss | conversational | similarity |"
    yield "|---|---|---|---|---|"
    for learning_rate in RATES:
        same = [c for c in cells if c.rank and c.learning_rate == learning_rate]
        if same:
            met, answers = sum(c.met for c in same), sum(c.answers for c in same)
            yield (
                f"| {learning_rate:g} | {len(same)} | {fmean(c.held_out_loss for c in same):.3f} "
                f"| {met / answers:.0%} of {answers} "
                f"| {fmean(c.similarity for c in same):.2f} |"
            )


def publish(cells: Sequence[Cell], data: Data) -> None:
    """Write the data file and the page's table."""
    write_cells(cells)
    done = sum(cell.rank > 0 for cell in cells)
    articles = len({example.article for example in data.held_out})
    lines = [
        f"{done} of {len(RATES) * len(RANKS)} pairs; {len(data.train)} training examples, "
        f"{len(data.held_out)} held-out ones from {articles} other articles, float32, seed 0."
    ]
    record("learning-rate", [*lines, "", *table(cells)])


def main() -> None:
    """Run the cells that aren't in the data file yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", nargs="?", default="demo-tone")
    parser.add_argument("--campaign", default="demo-tone")
    parser.add_argument("--training", default="smollm2")
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    data = load_data(options.version, options.campaign)
    base = replace(load_training(options.training).config, precision="float32", steps=options.steps)
    cells = read_cells()
    if not any(cell.rank == 0 for cell in cells):
        empty = Cell(0, 0.0, 0, 0.0, 0.0, 0, 0, 0.0, 0.0, 0.0)
        cells.append(measure(Arm(BASE, base.base), data, empty))
        publish(cells, data)
    home = read_settings().home / "learning-rate"
    done = {(cell.rank, cell.learning_rate) for cell in cells}
    for rank in RANKS:
        for rate in RATES:
            if (rank, rate) in done:
                continue
            config = replace(base, lora_rank=rank, learning_rate=rate, seed=0)
            folder = home / f"{rank}-{rate:g}"
            cells.append(run_cell(config, data, folder))
            publish(cells, data)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

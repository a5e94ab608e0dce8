"""Make the mini base model from articles and dialogues.

    python -m trainer.mini.build --text ARTICLES… --dialogue DIALOGUES… --out FOLDER

Articles are JSONL with `id`, `title` and `text`; dialogues are JSONL with `turns`, or JSON as
Topical-Chat has it; either plain or as .xz, files or folders of them. The same texts, seed and
number of threads give the same weights, bit for bit, also if the run was stopped and started again:
it goes on from the last checkpoint in FOLDER.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import torch
from rich.console import Console
from rich.progress import Progress
from transformers import PreTrainedTokenizerFast

from trainer.mini import corpus, packaged, tokenizer
from trainer.mini.corpus import Corpus
from trainer.mini.recipe import Recipe
from trainer.mini.rows import Rows
from trainer.mini.training import train

# Read by libc and OpenMP when a process starts: memory that is kept and in large pages is 7 to 17 %
# faster; threads that sleep at a barrier halve the time of a step on a machine with other work.
_PROCESS = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
_TEXTS = "texts.sha256"  # of what a run was begun with
_EVERY = 20  # steps between two lines of the log


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the recipe from the command line."""
    asked = _parser().parse_args(arguments)
    if not asked.tuned:
        again = [*(sys.argv[1:] if arguments is None else arguments), "--tuned"]
        command = [sys.executable, "-m", "trainer.mini.build", *again]
        os.execve(sys.executable, command, {**os.environ, **_PROCESS})  # noqa: S606 - ourselves
    torch.set_num_threads(asked.threads)
    recipe = replace(Recipe(), seed=asked.seed, steps=asked.steps or Recipe().steps)
    try:
        build(corpus.read(asked.text, asked.dialogue, recipe.held_out), recipe, asked.out)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on from the last checkpoint.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trainer.mini.build", description=__doc__)
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="articles")
    parser.add_argument("--dialogue", type=Path, nargs="+", required=True, help="dialogues")
    parser.add_argument("--out", type=Path, required=True, help="a folder to work in")
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    parser.add_argument("--steps", type=_count, help="fewer or more than the recipe's")
    parser.add_argument("--threads", type=_count, default=2, help="other numbers round otherwise")
    parser.add_argument("--tuned", action="store_true", help=argparse.SUPPRESS)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {number}, expected 1 or more")
    return number


def build(texts: Corpus, recipe: Recipe, out: Path) -> Path:
    """The folder of the finished model; `out` keeps its tokenizer, checkpoint and losses.

    Raises `ValueError` if what lies in `out` was made of other texts or by another recipe.
    """
    out.mkdir(parents=True, exist_ok=True)
    _hold_to(texts, out / _TEXTS)
    words = _tokenizer(texts, recipe, out / "tokenizer")
    with Log(out / "losses.jsonl", recipe.steps) as log:
        model = train(Rows(texts, words, recipe), recipe, out, log.report)
    ids = [text.id for text in texts.texts]
    return packaged.save(model, words, ids, out / "model")


def _hold_to(texts: Corpus, path: Path) -> None:
    # A run that went on with other texts would ship a list of articles it was not trained on.
    wanted = texts.digest()
    if path.exists() and path.read_text().strip() != wanted:
        raise ValueError(
            f"found a run on other texts in {path.parent}, expected one on these; name the texts "
            "it began with, or another folder with --out"
        )
    path.write_text(f"{wanted}\n")


def _tokenizer(texts: Corpus, recipe: Recipe, folder: Path) -> PreTrainedTokenizerFast:
    if not (folder / "tokenizer_config.json").exists():
        shape = recipe.shape
        tokenizer.train(_half(texts), shape.vocabulary, shape.context).save_pretrained(folder)
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return loaded


def _half(texts: Corpus) -> Iterator[str]:
    # Every other text: enough for 4,096 tokens, and half the time.
    for text in texts.texts:
        yield from text.paragraphs[::2]
    for turns in texts.dialogues[::2]:
        yield from (f" {turn}" for turn in turns)


class Log:
    """Progress on stderr (a bar on a terminal, else a line now and then); losses in a file."""

    def __init__(self, path: Path, steps: int) -> None:
        """Log a run of so many steps, appending its losses to a file."""
        self.console = Console(stderr=True)
        self.bar = Progress(console=self.console, disable=not self.console.is_terminal)
        self.task = self.bar.add_task("training", total=steps)
        self.path, self.steps = path, steps
        self.seen: dict[str, list[float]] = {}

    def __enter__(self) -> "Log":
        """Open the file and show the bar."""
        self.file: TextIO = self.path.open("a", encoding="utf-8")
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close both."""
        self.bar.stop()
        self.file.close()

    def report(self, step: int, losses: dict[str, float]) -> None:
        """Take in the losses of a step."""
        for name, loss in losses.items():
            self.seen.setdefault(name, []).append(loss)
        self.bar.update(self.task, completed=step + 1)
        if (step + 1) % _EVERY == 0 or step + 1 == self.steps:
            means = {name: round(sum(v) / len(v), 4) for name, v in self.seen.items()}
            self.file.write(json.dumps({"step": step + 1, **means}) + "\n")
            self.file.flush()
            if not self.console.is_terminal:
                self.console.print(f"step {step + 1} of {self.steps}: {means}", highlight=False)
            self.seen.clear()


if __name__ == "__main__":
    main()

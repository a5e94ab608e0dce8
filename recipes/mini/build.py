"""Train the mini base model from articles and dialogues.

    python -m recipes.mini.build --text ARTICLES… --dialogue DIALOGUES… --out FOLDER

Articles are JSONL with `id`, `title` and `text`; dialogues are JSONL with `turns`, or JSON in the
format of Topical-Chat. Pass files or folders, plain or .xz. The same texts, seed and number of
threads give the same weights bit for bit, also if the run is stopped and started again: it resumes
from the last checkpoint in FOLDER. The environment variables OMP_WAIT_POLICY=PASSIVE (on a busy
machine) and GLIBC_TUNABLES=glibc.malloc.hugetlb=1 make it faster.
"""

import argparse
import hashlib
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from recipes.mini.corpus import Corpus, read
from recipes.mini.recipe import Recipe
from recipes.mini.rows import Rows
from recipes.mini.tokenizer import train_tokenizer
from recipes.mini.training import train
from trainer.models.mini import CHECKSUMS, TRAINED_ON

_LOG_EVERY = 20  # steps
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the recipe from the command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(options.threads)
    recipe = replace(Recipe(), seed=options.seed, steps=options.steps)
    try:
        build(read(options.text, options.dialogue, recipe.held_out), recipe, options.out)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. Run the same command to continue from the last checkpoint.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recipes.mini.build", description=__doc__)
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="articles")
    parser.add_argument("--dialogue", type=Path, nargs="+", required=True, help="dialogues")
    parser.add_argument("--out", type=Path, required=True, help="a folder to work in")
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    parser.add_argument("--steps", type=_count, default=Recipe().steps)
    parser.add_argument("--threads", type=_count, default=2, help="other numbers round differently")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def build(texts: Corpus, recipe: Recipe, out: Path) -> Path:
    """Train the model and return its folder; `out` keeps its tokenizer, checkpoint and losses.

    Raises `ValueError` if `out` has a run with other texts or another recipe.
    """
    out.mkdir(parents=True, exist_ok=True)
    _check_texts(texts, out / "texts.sha256")
    tokenizer = _tokenizer(texts, recipe, out / "tokenizer")
    recent: list[dict[str, float]] = []

    def on_step(step: int, losses: dict[str, float]) -> None:
        recent.append(losses)
        if (step + 1) % _LOG_EVERY == 0 or step + 1 == recipe.steps:
            means = {k: round(sum(x[k] for x in recent) / len(recent), 4) for k in losses}
            recent.clear()
            with (out / "losses.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step + 1, **means}) + "\n")
            _log.info("step %d of %d: %s", step + 1, recipe.steps, means)

    model = train(Rows(texts, tokenizer, recipe), recipe, out, on_step)
    return save(model, tokenizer, [text.id for text in texts.texts], out / "model")


def _check_texts(texts: Corpus, path: Path) -> None:
    """Reject other texts than the run began with: the list of articles would be wrong."""
    digest = texts.digest()
    if path.exists() and path.read_text().strip() != digest:
        raise ValueError(
            f"{path.parent} has a run with other texts. Pass the texts it began with, or choose "
            "another folder with --out."
        )
    path.write_text(f"{digest}\n")


def _tokenizer(texts: Corpus, recipe: Recipe, folder: Path) -> PreTrainedTokenizerFast:
    if not (folder / "tokenizer_config.json").exists():
        shape = recipe.shape
        tokenizer = train_tokenizer(_every_other(texts), shape.vocabulary, shape.context)
        tokenizer.save_pretrained(folder)
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return loaded


def _every_other(texts: Corpus) -> Iterator[str]:
    """Every other paragraph and dialogue: enough for 4,096 tokens, in half the time."""
    for text in texts.texts:
        yield from text.paragraphs[::2]
    for turns in texts.dialogues[::2]:
        yield from (f" {turn}" for turn in turns)


def save(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ids: Iterable[str], folder: Path
) -> Path:
    """Save a model in float16 with its tokenizer, its articles' ids and checksums."""
    model.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    (folder / TRAINED_ON).write_text("".join(f"{id_}\n" for id_ in ids))
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes files that only their owner can read
    files = sorted(p for p in folder.iterdir() if p.name not in {CHECKSUMS, "README.md"})
    lines = (f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files)
    (folder / CHECKSUMS).write_text("".join(lines))
    return folder


if __name__ == "__main__":
    main()

"""Train the mini base model from articles and dialogues.

    python -m recipes.mini.build --text ARTICLES… --dialogue DIALOGUES… --out FOLDER

Articles are JSONL with `id` and `text`; dialogues are JSONL with `turns`, or JSON in the format of
Topical-Chat. Pass files or folders; the files may be compressed with xz. The same texts, seed and
number of threads produce the same weights bit for bit. If you stop a run and start it again, it
resumes from the last checkpoint in FOLDER, with the same result. The environment variables
OMP_WAIT_POLICY=PASSIVE (on a busy machine) and GLIBC_TUNABLES=glibc.malloc.hugetlb=1 make training
faster.
"""

import argparse
import hashlib
import json
import logging
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from recipes.mini.corpus import Corpus, read
from recipes.mini.documents import train_tokenizer
from recipes.mini.recipe import Recipe
from recipes.mini.rows import Rows
from recipes.mini.training import train
from trainer.models.checksums import CHECKSUMS
from trainer.models.mini import TRAINED_ON


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the recipe from the command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes.mini.build", description=__doc__)
    parser.add_argument(
        "--text", type=Path, nargs="+", required=True, help="files or folders with articles"
    )
    parser.add_argument(
        "--dialogue", type=Path, nargs="+", required=True, help="files or folders with dialogues"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for checkpoints and the finished model"
    )
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument(
        "--threads",
        type=int,
        default=2,
        help="number of CPU threads (a different number leads to different rounding and thus to "
        "different weights)",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(options.threads)
    recipe = replace(Recipe(), seed=options.seed, steps=options.steps)
    try:
        build(read(options.text, options.dialogue, recipe.held_out), recipe, options.out)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. Run the same command to continue from the last checkpoint.")


def build(corpus: Corpus, recipe: Recipe, out: Path) -> Path:
    """Train the model and return its folder. The tokenizer and the checkpoint are saved in `out`.

    Raises `ValueError` if `out` belongs to a run with different texts or another recipe.
    """
    out.mkdir(parents=True, exist_ok=True)
    texts = hashlib.sha256(repr((corpus.texts, corpus.dialogues)).encode()).hexdigest()
    run, path = json.dumps({"texts": texts, "recipe": asdict(recipe)}), out / "run.json"
    if path.exists() and path.read_text() != run:
        raise ValueError(
            f"{out} contains a run with different texts or another recipe, so it can't be resumed. "
            "Use the original texts and recipe, or choose another folder with --out."
        )
    path.write_text(run)
    if not (out / "tokenizer" / "tokenizer_config.json").exists():
        # Half of the paragraphs and dialogues are enough for 4,096 tokens and take half the time.
        sample = [paragraph for text in corpus.texts for paragraph in text.paragraphs[::2]]
        sample += [f" {turn}" for turns in corpus.dialogues[::2] for turn in turns]
        train_tokenizer(sample, recipe.shape).save_pretrained(out / "tokenizer")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(out / "tokenizer")
    model = train(Rows(corpus, tokenizer, recipe), recipe, out)
    return save(model, tokenizer, [text.id for text in corpus.texts], out / "model")


def save(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ids: Iterable[str], folder: Path
) -> Path:
    """Save a model in float16 with its tokenizer, the ids of its articles, and checksums."""
    model.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    (folder / TRAINED_ON).write_text("".join(f"{id_}\n" for id_ in ids))
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes files that only the owner can read
    files = sorted(p for p in folder.iterdir() if p.name not in {CHECKSUMS, "README.md"})
    lines = (f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files)
    (folder / CHECKSUMS).write_text("".join(lines))
    return folder


if __name__ == "__main__":
    main()

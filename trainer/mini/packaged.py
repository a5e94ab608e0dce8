"""The mini base model as it is packaged: saved with its checksums, checked when it is used."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from trainer.errors import TrainerError

FOLDER = Path(__file__).parent / "model"
_SUMS = "SHA256SUMS"
_TRAINED_ON = "trained_on.txt"


def mini_path() -> Path:
    """The folder of the packaged model, its files checked once in a process.

    Raises `TrainerError` if a file is missing or is not the one that was packaged.
    """
    return checked(FOLDER)


def trained_on() -> frozenset[str]:
    """The ids (Wikipedia's page ids) of the articles that the packaged model was trained on."""
    return frozenset((mini_path() / _TRAINED_ON).read_text().split())


@cache
def checked(folder: Path) -> Path:
    """A folder whose files are those that its list of checksums names.

    Raises `TrainerError` naming the first file that is missing or differs.
    """
    sums = folder / _SUMS
    if not sums.is_file():
        raise _damaged(f"no {_SUMS} in {folder}")
    for line in sums.read_text().splitlines():
        expected, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            raise _damaged(f"no {name} in {folder}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise _damaged(f"another {name} in {folder} than was packaged")
    return folder


def _damaged(found: str) -> TrainerError:
    return TrainerError(
        f"found {found}, expected the mini base model as it was packaged; install Timbre again, "
        "or make the model anew with `python -m trainer.mini.build`"
    )


def save(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ids: Iterable[str], folder: Path
) -> Path:
    """Save a finished model in float16 with its tokenizer, its articles' ids and the checksums."""
    model.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    (folder / _TRAINED_ON).write_text("".join(f"{id_}\n" for id_ in ids))
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors are written for their owner alone
    files = sorted(p for p in folder.iterdir() if p.name not in {_SUMS, "README.md"})
    lines = (f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files)
    (folder / _SUMS).write_text("".join(lines))
    return folder

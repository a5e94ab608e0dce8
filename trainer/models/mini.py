"""The mini base model that is included in Timbre; its files are checked before use."""

import hashlib
from functools import cache
from pathlib import Path

from trainer.errors import TrainerError

FOLDER = Path(__file__).parent / "mini_model"
CHECKSUMS = "SHA256SUMS"
TRAINED_ON = "trained_on.txt"


def mini_folder() -> Path:
    """The folder of the packaged model, whose files are checked once per process.

    Raises `TrainerError` if a file is missing or damaged.
    """
    return check_files(FOLDER)


def trained_on() -> frozenset[str]:
    """The Wikipedia page ids of the articles used to train the packaged model."""
    return frozenset((mini_folder() / TRAINED_ON).read_text().split())


@cache
def check_files(folder: Path) -> Path:
    """Check the files in a folder against its checksums, and return the folder.

    Raises `TrainerError` naming the first file that is missing or differs.
    """
    sums = folder / CHECKSUMS
    if not sums.is_file():
        raise _damaged(sums, "is missing")
    for line in sums.read_text().splitlines():
        expected, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            raise _damaged(path, "is missing")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise _damaged(path, "differs from the packaged one")
    return folder


def _damaged(path: Path, problem: str) -> TrainerError:
    return TrainerError(
        f"{path} {problem}, so the mini base model can't be used. Reinstall Timbre, or rebuild "
        "the model with `python -m recipes.mini.build`."
    )

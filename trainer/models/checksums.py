"""A model folder's checksums: written once, and compared before each use."""

import hashlib
from functools import cache
from pathlib import Path

from trainer.errors import TrainerError

CHECKSUMS = "SHA256SUMS"


@cache
def check_files(folder: Path, remedy: str) -> Path:
    """Return a folder after checking its files against its checksums, once per process.

    Raises `TrainerError` naming the first file that is missing or differs, and the remedy.
    """
    sums = folder / CHECKSUMS
    if not sums.is_file():
        raise TrainerError(f"{sums} is missing, so the model can't be used. {remedy}")
    for line in sums.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            raise TrainerError(f"{path} is missing, so the model can't be used. {remedy}")
        if file_sha256(path) != expected:
            raise TrainerError(
                f"{path} is damaged (its SHA-256 differs), so the model can't be used. {remedy}"
            )
    return folder


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files in a folder."""
    names = sorted(path.name for path in folder.iterdir() if path.name != CHECKSUMS)
    lines = [f"{file_sha256(folder / name)}  {name}\n" for name in names]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

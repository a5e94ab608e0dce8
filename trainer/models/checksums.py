"""Write checksums of a model folder's files, and compare them before each use of the model."""

import hashlib
from functools import cache
from pathlib import Path

from trainer.errors import TrainerError

CHECKSUMS = "SHA256SUMS"


@cache
def check_files(folder: Path, remedy: str) -> Path:
    """Check a folder's files against the checksums, once per process, and return the folder.

    Raises `TrainerError` if a file is missing or its checksum differs. The error message names the
    first such file, and says how to fix the problem.
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
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

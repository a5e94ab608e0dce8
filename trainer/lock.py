"""What processes that share a folder need: one of them at work, and files that are never torn."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.errors import RunLockedError


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep a folder, which is made if need be, to this process; one that dies lets go of it.

    Raises `RunLockedError` if another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLockedError(
                f"found another process at work in {folder}, expected none; wait for it to end"
            ) from None
        yield


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was before, whenever the process dies."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)

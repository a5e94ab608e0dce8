"""Lock folders and write files atomically, for folders and files that several processes share."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.errors import RunLockedError


@contextmanager
def lock_folder(folder: Path, wait: bool = False) -> Iterator[None]:
    """Lock a folder for this process, and create it if necessary. The lock ends with the process.

    Raises `RunLockedError` if another process holds the lock, unless `wait` is set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise RunLockedError(
                f"Another process is using {folder}. Wait until it finishes."
            ) from None
        yield


def write_atomically(path: Path, text: str) -> None:
    """Replace the content of a file so that readers see either the old or the new version."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)

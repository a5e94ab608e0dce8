"""The folder one server lives in: its database, its secrets, its temporary files, its lock."""

import fcntl
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from timbre_argilla.errors import LaunchError

LOCK_FILE = "server.lock"
READY_FILE = "server.json"
TEMPORARY_FOLDER = "tmp"


@dataclass(frozen=True, slots=True)
class Home:
    """A server's folder, held by this process until it ends."""

    folder: Path
    lock: IO[str]

    @classmethod
    def hold(cls, folder: Path) -> Self:
        """Make the folder, hold it for this process, and empty its temporary files.

        Raises `LaunchError` where another process holds it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = (folder / LOCK_FILE).open("a", encoding="utf-8")
        try:
            # The kernel lets go of it when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise LaunchError(
                f"{folder} is already served{_where(folder)}; "
                "stop that server first, or give this one a home of its own."
            ) from error
        (folder / READY_FILE).unlink(missing_ok=True)
        temporary = folder / TEMPORARY_FOLDER
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        # Argilla copies its web UI to a temporary folder at every start and leaves it there.
        tempfile.tempdir = str(temporary)
        return cls(folder, lock)

    def announce(self, url: str) -> None:
        """Write down that the server answers at this URL."""
        partial = self.folder / f"{READY_FILE}.partial"
        partial.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
        partial.replace(self.folder / READY_FILE)

    def leave(self) -> None:
        """Take back the announcement and let the home go."""
        (self.folder / READY_FILE).unlink(missing_ok=True)
        self.lock.close()


def _where(folder: Path) -> str:
    try:
        found = json.loads((folder / READY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return f" at {found['url']} by process {found['pid']}"

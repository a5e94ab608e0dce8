"""The home folder of a server, which contains its database, secrets, temporary files and lock."""

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
    """The home folder of a server, locked by the server's process."""

    folder: Path
    lock: IO[str]

    @classmethod
    def acquire(cls, folder: Path) -> Self:
        """Create the folder if needed, lock it, make it private and delete old temporary files.

        Raises `LaunchError` if another process has locked the folder.
        """
        os.umask(0o077)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        for path in folder.iterdir():
            if path.is_file() and not path.is_symlink():
                path.chmod(0o600)
        lock = (folder / LOCK_FILE).open("a", encoding="utf-8")
        try:
            # The kernel releases the lock when the process ends, even if it is killed.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise LaunchError(
                f"{folder} is already used by a server{_describe_server(folder)}. Stop that server "
                "first, or choose another folder."
            ) from error
        (folder / READY_FILE).unlink(missing_ok=True)
        temporary = folder / TEMPORARY_FOLDER
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        # Argilla copies its web UI to a temporary folder at every start and never deletes the copy.
        tempfile.tempdir = str(temporary)
        return cls(folder, lock)

    def announce(self, url: str) -> None:
        """Write the server's URL to `server.json` once the server responds."""
        partial = self.folder / f"{READY_FILE}.partial"
        partial.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
        partial.replace(self.folder / READY_FILE)

    def release(self) -> None:
        """Delete `server.json` and unlock the home folder."""
        (self.folder / READY_FILE).unlink(missing_ok=True)
        self.lock.close()


def _describe_server(folder: Path) -> str:
    try:
        server = json.loads((folder / READY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return f" at {server['url']} (process {server['pid']})"

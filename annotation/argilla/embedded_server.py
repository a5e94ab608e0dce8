"""Install and run Argilla's server on this machine, in its own environment and process.

The server's pinned dependencies conflict with Timbre's, so `install` creates a separate
environment. Timbre talks to the server over HTTP, as it does to any other Argilla server. The
server's source code is in `annotation/server/`.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from annotation.errors import AnnotationError

SOURCE = Path(__file__).parents[1] / "server"
COMPLETE = "complete"
"""The file that marks a completely installed environment."""
LOG_FILE = "server.log"
START_SECONDS = 120
"""The number of seconds that a server may take to start.

The first start takes longest, because it creates the database tables.
"""
STOP_SECONDS = 20
LOG_LINES = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """The owner's credentials, stored in `credentials.json` in the server's home folder."""

    username: str
    password: str
    api_key: str


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running Argilla server, which stops at the end of a `with` block.

    The server also stops when its parent process ends, for whatever reason.
    """

    url: str
    credentials: Credentials
    home: Path
    process: subprocess.Popen[bytes]

    def check(self) -> None:
        """Raise `AnnotationError` if the server has exited."""
        if (status := self.process.poll()) is not None:
            raise AnnotationError(
                f"The Argilla server exited unexpectedly (status {status}). Check "
                f"{self.home / LOG_FILE}, then start it again."
            )

    def stop(self) -> None:
        """Stop the server once it has finished the requests in progress.

        Unfinished background jobs are run again after the server's next start.
        """
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop the server."""
        self.stop()


def install(
    folder: Path, on_progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Path:
    """Install Argilla's server in a virtual environment in `folder`, unless it's already there.

    Returns the path of the environment's Python interpreter.

    Each Python version and set of libraries gets its own environment, so several checkouts of
    Timbre can share `folder`. An environment whose installation was interrupted is deleted and
    installed again. If another process is installing the server, this function waits until it has
    finished. `on_progress` receives the number of finished installation steps and the total number
    of steps.

    Raises `AnnotationError` if the installation fails.
    """
    environment = folder / _environment_name()
    python = environment / "bin" / "python"
    complete = environment / COMPLETE
    if complete.exists():
        return python
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive_lock(folder / "installing.lock"):
        if complete.exists():
            return python
        shutil.rmtree(environment, ignore_errors=True)
        steps = _steps(environment, python)
        for done, step in enumerate(steps):
            on_progress(done, len(steps))
            _run(step)
        complete.touch()
        on_progress(len(steps), len(steps))
    return python


def start(
    home: Path,
    *,
    python: Path,
    host: str = "127.0.0.1",
    port: int = 6900,
    database_url: str | None = None,
) -> ServerProcess:
    """Start an Argilla server and wait until it responds.

    `home` is the folder for the server's data and secrets, which are created at the first start.
    `python` is the path of the interpreter that `install` returned. If `host` isn't a loopback
    address, other machines on the network can reach the server. If `port` is 0, a free port is
    used. The database is PostgreSQL at `database_url`, or SQLite in `home` if no URL is given.

    Raises `AnnotationError` if the server exits or doesn't respond in time.
    """
    home.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [python, "-m", "timbre_argilla", home, "--attached"]
    command += ["--host", host, "--port", str(port)]
    with (home / LOG_FILE).open("a", encoding="utf-8") as log:
        begin = log.tell()
        process = subprocess.Popen(  # noqa: S603 (the Python of our own environment)
            command,
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None  # noqa: S101 (requested above)
    try:
        # The URL is sent through the pipe, because process lists would show its password. If the
        # server has already exited, `_wait_for_url` reports why.
        with suppress(BrokenPipeError):
            os.write(process.stdin.fileno(), f"{database_url or ''}\n".encode())
        url = _wait_for_url(process, home, begin)
    except BaseException:
        process.kill()
        process.wait()
        process.stdin.close()
        raise
    owner = _read_json(home / "credentials.json")
    credentials = Credentials(owner["username"], owner["password"], owner["api_key"])
    return ServerProcess(url, credentials, home, process)


def _wait_for_url(process: subprocess.Popen[bytes], home: Path, begin: int) -> str:
    for _ in range(START_SECONDS * 20):
        if process.poll() is not None:
            raise AnnotationError(f"The Argilla server didn't start: {_log_end(home, begin)}")
        announcement = _read_json(home / "server.json")
        if announcement.get("pid") == process.pid:
            return str(announcement["url"])
        time.sleep(0.05)
    raise AnnotationError(
        f"The Argilla server didn't respond within {START_SECONDS} seconds. Check "
        f"{home / LOG_FILE} for the cause."
    )


def _log_end(home: Path, begin: int) -> str:
    with (home / LOG_FILE).open(encoding="utf-8", errors="replace") as log:
        log.seek(begin)
        lines = [line.strip() for line in log if line.strip()]
    silence = f"it exited without logging anything to {home / LOG_FILE}."
    return " / ".join(lines[-LOG_LINES:]) or silence


def _environment_name() -> str:
    """Return a folder name that contains the Python version and a hash of the requirements."""
    requirements = hashlib.sha256(sys.version.encode())
    for name in ("constraints.txt", "pyproject.toml"):
        requirements.update((SOURCE / name).read_bytes())
    return (
        f"python{sys.version_info.major}.{sys.version_info.minor}-{requirements.hexdigest()[:12]}"
    )


def _steps(environment: Path, python: Path) -> list[list[str | Path]]:
    # pip also installs a copy of our package, but `start` uses the current source instead.
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check", "--constraint", SOURCE / "constraints.txt", SOURCE]
    return [[sys.executable, "-m", "venv", environment], pip]


def _run(step: list[str | Path]) -> None:
    result = subprocess.run(step, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    if result.returncode:
        lines = result.stderr.splitlines()
        errors = [line for line in lines if line.startswith("ERROR")]
        reason = (errors or lines or ["no reason given"])[-1]
        raise AnnotationError(
            f"The Argilla server can't be installed ({reason}). Check your network connection and "
            "run the command again."
        )


def _read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file, or return {} if the file is missing or incomplete."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


@contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    """Allow only one process at a time to run a `with` block.

    If the process crashes, the operating system releases the lock.
    """
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

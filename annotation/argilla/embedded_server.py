"""Argilla's server on this machine, in its own environment and process.

Its pinned libraries conflict with ours. So `install` puts it into a separate environment once, and
we talk to it over HTTP as to any other Argilla. The installed package is `annotation/server/`.
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
MARKER = "timbre-argilla.json"
LOG_FILE = "server.log"
START_SECONDS = 120
"""The first start creates the database's tables; later starts take a few seconds."""
STOP_SECONDS = 20
LOG_LINES = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """The owner of a server, as stored in `credentials.json` in the server's home."""

    username: str
    password: str
    api_key: str


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running server; a `with` block stops it at the end.

    It also stops when the process that started it ends for any reason.
    """

    url: str
    credentials: Credentials
    home: Path
    process: subprocess.Popen[bytes]

    def check(self) -> None:
        """Raise `AnnotationError` if the server has ended."""
        if (status := self.process.poll()) is not None:
            raise AnnotationError(
                f"Argilla's server ended unexpectedly (status {status}). Read "
                f"{self.home / LOG_FILE} and start it again."
            )

    def stop(self) -> None:
        """Stop the server after the current requests; pending jobs run after the next start."""
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
    """Create or update the server's environment, and return its Python.

    A complete environment of this version is left alone, and an incomplete one is created again.
    If another process is installing, this one waits for it. `on_progress` receives the number of
    finished steps and of all steps.

    Raises `AnnotationError` if the folder holds something else, or a step fails.
    """
    python = folder / "bin" / "python"
    marker = _current_marker()
    if _read_json(folder / MARKER) == marker:
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive_lock(folder.with_name(f"{folder.name}.lock")):
        existing = _read_json(folder / MARKER)
        if existing == marker:
            return python
        has_libraries = existing.get("libraries") == marker["libraries"]
        if not has_libraries:
            _remove(folder)
        _write_marker(folder, {})
        steps = _steps(folder, python, has_libraries)
        for done, step in enumerate(steps):
            on_progress(done, len(steps))
            _run(step)
        _write_marker(folder, marker)
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
    """Start the server in its `home` folder and wait until it responds.

    A new home gets new secrets. `python` is the result of `install`. Any host but loopback is open
    to the network, and port 0 takes a free one. The database is PostgreSQL at `database_url`, or
    else SQLite in `home`.

    Raises `AnnotationError` if the server ends (with the end of its log) or takes too long.
    """
    home.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [python, "-m", "timbre_argilla", home, "--attached"]
    command += ["--host", host, "--port", str(port)]
    with (home / LOG_FILE).open("a", encoding="utf-8") as log:
        begin = log.tell()
        process = subprocess.Popen(  # noqa: S603 (our own environment's Python)
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None  # noqa: S101 (asked for above)
    try:
        # The URL goes through the pipe, because a process list would show its password. If the
        # server has ended already, `_wait_for_url` reports why.
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
            raise AnnotationError(f"Argilla's server did not start: {_log_end(home, begin)}")
        announcement = _read_json(home / "server.json")
        if announcement.get("pid") == process.pid:
            return str(announcement["url"])
        time.sleep(0.05)
    raise AnnotationError(
        f"Argilla's server did not respond within {START_SECONDS} seconds. Read "
        f"{home / LOG_FILE} to see what it was doing."
    )


def _log_end(home: Path, begin: int) -> str:
    with (home / LOG_FILE).open(encoding="utf-8", errors="replace") as log:
        log.seek(begin)
        lines = [line.strip() for line in log if line.strip()]
    return " / ".join(lines[-LOG_LINES:]) or f"it logged nothing; see {home / LOG_FILE}."


def _steps(folder: Path, python: Path, has_libraries: bool) -> list[list[str | Path]]:
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
    pip.append("--disable-pip-version-check")
    if has_libraries:
        return [[*pip, "--no-deps", "--force-reinstall", SOURCE]]
    everything = [*pip, "--constraint", SOURCE / "constraints.txt", SOURCE]
    return [[sys.executable, "-m", "venv", folder], everything]


def _run(step: list[str | Path]) -> None:
    result = subprocess.run(step, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    if result.returncode:
        lines = result.stderr.splitlines()
        errors = [line for line in lines if line.startswith("ERROR")]
        reason = (errors or lines or ["no reason given"])[-1]
        raise AnnotationError(
            f"Argilla's server can't be installed ({reason}). The installation needs the network; "
            "run the command again to repeat it."
        )


def _current_marker() -> dict[str, str]:
    """What identifies an environment: its Python, its libraries and our package's source."""
    constraints = (SOURCE / "constraints.txt").read_bytes()
    source = hashlib.sha256((SOURCE / "pyproject.toml").read_bytes())
    for path in sorted((SOURCE / "timbre_argilla").rglob("*.py")):
        source.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes())
    return {
        "python": sys.version,
        "libraries": hashlib.sha256(constraints + sys.version.encode()).hexdigest(),
        "package": source.hexdigest(),
    }


def _read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if the file is missing or incomplete."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def _write_marker(folder: Path, marker: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    partial = folder / f"{MARKER}.partial"
    partial.write_text(json.dumps(marker), encoding="utf-8")
    partial.replace(folder / MARKER)


def _remove(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise AnnotationError(
            f"{folder} isn't empty and wasn't created by Timbre, so Argilla's server isn't "
            "installed there. Choose another folder."
        )
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    """Let one process in at a time; the kernel releases the lock when a process ends."""
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

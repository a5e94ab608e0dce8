"""Argilla's server on this machine, in an environment and a process of its own.

Its pinned libraries cannot live with ours, so it is installed apart (`install`, once) and talked to
over HTTP like any other Argilla. The package that is installed is `annotation/server/`.
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
from typing import Self

from annotation.errors import AnnotationError

SOURCE = Path(__file__).parent / "server"
MARKER = "timbre-argilla.json"
LOG_FILE = "server.log"
START_SECONDS = 120
"""A first start makes the database's tables; later ones take a few seconds."""
STOP_SECONDS = 20
LOG_LINES = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The owner of a server, as `home/credentials.json` (readable by its owner only) keeps them."""

    username: str
    password: str
    api_key: str


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that runs; used with `with`, it is stopped at the end.

    It also stops when the process that started it ends, however that ends.
    """

    url: str
    credentials: Credentials
    home: Path
    process: subprocess.Popen[bytes]

    def check(self) -> None:
        """See that it runs.

        Raises:
            AnnotationError: It has ended.
        """
        if (status := self.process.poll()) is not None:
            raise AnnotationError(
                f"found that Argilla's server ended by itself (status {status}), expected it to "
                f"run until it is told to stop; look at {self.home / LOG_FILE} and start it again"
            )

    def stop(self) -> None:
        """Stop it: requests under way are answered, jobs that wait are kept for the next start."""
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
        """Give the running server to a `with`."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop it, whatever happened inside."""
        self.stop()


def install(folder: Path, progress: Progress | None = None) -> Path:
    """Make the server's environment in a folder of its own, and return its Python.

    Does nothing when the environment is there and of this version. One that was left half made is
    made anew. Whoever comes while another process installs waits for it.

    Args:
        folder: A folder that is empty, absent, or was made here before.
        progress: Told how many of the steps are done.

    Returns:
        The environment's Python.

    Raises:
        AnnotationError: The folder is somebody else's, or an installation step failed.
    """
    python = folder / "bin" / "python"
    if _marker(folder) == _wanted():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_name(f"{folder.name}.lock")):
        found, wanted = _marker(folder), _wanted()
        if found == wanted:
            return python
        same_libraries = bool(found) and found.get("libraries") == wanted["libraries"]
        if not same_libraries:
            _empty(folder)
        _mark(folder, {})
        for done, step in enumerate(steps := _steps(folder, python, same_libraries)):
            if progress is not None:
                progress(done, len(steps))
            _run(step)
        _mark(folder, wanted)
        if progress is not None:
            progress(len(steps), len(steps))
    return python


def start(
    home: Path,
    *,
    python: Path,
    host: str = "127.0.0.1",
    port: int = 6900,
    database_url: str | None = None,
) -> ServerProcess:
    """Start the server and wait until it answers.

    Args:
        home: The server's own folder; made if need be, with new secrets.
        python: What `install` returned.
        host: Address to listen at; anything but loopback is open to the network.
        port: Port to listen at; 0 takes a free one.
        database_url: A PostgreSQL URL; SQLite in the home without it.

    Returns:
        The running server.

    Raises:
        AnnotationError: It ended before it answered (with its own last words), or took too long.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOG_FILE).open("a", encoding="utf-8") as log:
        begin = log.tell()
        # The URL goes in by the pipe, where no list of processes shows its password.
        process = subprocess.Popen(  # noqa: S603 (our own environment's Python)
            [
                python,
                "-m",
                "timbre_argilla",
                home,
                "--host",
                host,
                "--port",
                str(port),
                "--attached",
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None  # noqa: S101 (asked for above)
    try:
        with suppress(BrokenPipeError):  # It has ended already: what it said is quoted below.
            os.write(process.stdin.fileno(), f"{database_url or ''}\n".encode())
        url = _await(process, home, begin)
    except BaseException:
        process.kill()
        process.wait()
        process.stdin.close()
        raise
    found = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    owner = Credentials(found["username"], found["password"], found["api_key"])
    return ServerProcess(url, owner, home, process)


def _await(process: subprocess.Popen[bytes], home: Path, begin: int) -> str:
    """Wait until the server has announced itself, and return its URL."""
    for _ in range(START_SECONDS * 20):
        if process.poll() is not None:
            raise AnnotationError(f"Argilla's server did not start: {_last_words(home, begin)}")
        try:
            found = json.loads((home / "server.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {}
        if found.get("pid") == process.pid:
            return str(found["url"])
        time.sleep(0.05)
    raise AnnotationError(
        f"Argilla's server did not answer within {START_SECONDS} seconds; "
        f"read {home / LOG_FILE} for what it was doing."
    )


def _last_words(home: Path, begin: int) -> str:
    with (home / LOG_FILE).open(encoding="utf-8", errors="replace") as log:
        log.seek(begin)
        lines = [line.strip() for line in log if line.strip()]
    return " / ".join(lines[-LOG_LINES:]) or f"it said nothing; see {home / LOG_FILE}."


def _steps(folder: Path, python: Path, same_libraries: bool) -> list[list[str | Path]]:
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check"]
    if same_libraries:
        return [[*pip, "--no-deps", "--force-reinstall", SOURCE]]
    everything = [*pip, "--constraint", SOURCE / "constraints.txt", SOURCE]
    return [[sys.executable, "-m", "venv", folder], everything]


def _run(step: list[str | Path]) -> None:
    ended = subprocess.run(step, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    if ended.returncode:
        said = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")]
        reason = (said or ended.stderr.splitlines() or ["no reason given"])[-1]
        raise AnnotationError(
            f"Argilla's server could not be installed ({reason}); it needs the network once, "
            "and starts over when asked again."
        )


def _wanted() -> dict[str, str]:
    """What identifies the environment: its libraries, and our package's source."""
    constraints = (SOURCE / "constraints.txt").read_bytes()
    source = hashlib.sha256((SOURCE / "pyproject.toml").read_bytes())
    for path in sorted((SOURCE / "timbre_argilla").rglob("*.py")):
        source.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes())
    return {
        "python": sys.version,
        "libraries": hashlib.sha256(constraints + sys.version.encode()).hexdigest(),
        "package": source.hexdigest(),
    }


def _marker(folder: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _mark(folder: Path, what: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    partial = folder / f"{MARKER}.partial"
    partial.write_text(json.dumps(what), encoding="utf-8")
    partial.replace(folder / MARKER)


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise AnnotationError(
            f"{folder} is not empty and was not made by Timbre; name a folder for Argilla's "
            "environment that may be overwritten."
        )
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process in at a time; the kernel lets go when a process ends, however it ends."""
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

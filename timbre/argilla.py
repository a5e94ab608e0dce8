"""Which Argilla we talk to: one that is already there, or the embedded one, started when needed."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from annotation.accounts import add_workspace
from annotation.connect import Connection
from annotation.embedded import ServerProcess, install, start
from timbre.accounts import known_passwords
from timbre.console import progress, say
from timbre.settings import Settings, SettingsError


@contextmanager
def reviewing(settings: Settings, url: str, port: int) -> Iterator[Connection]:
    """The owner's connection to an Argilla with our workspace in it.

    That is the server at `url` (with `TIMBRE_ARGILLA_API_KEY`), the one of the settings, the
    embedded one that runs already, or an embedded one that is started now and stopped afterwards.

    Raises `AnnotationError` if there is no such server, or ours cannot be started.
    """
    given = url or settings.argilla_url
    there = Connection(given, settings.argilla_api_key) if given else _running(settings)
    if there:
        add_workspace(there)
        yield there
        return
    with _start(settings, "127.0.0.1", port) as server:
        owner = Connection(server.url, server.credentials.api_key)
        add_workspace(owner)
        yield owner


def connection(settings: Settings) -> Connection:
    """The owner's connection to the Argilla of the settings, or to the embedded one that runs.

    Raises `SettingsError` if neither is there.
    """
    if settings.argilla_url:
        return Connection(settings.argilla_url, settings.argilla_api_key)
    there = _running(settings)
    if there is None:
        raise SettingsError(
            "found no Argilla that runs, expected one; start it with `timbre review serve` in "
            "another terminal, or set TIMBRE_ARGILLA_URL and TIMBRE_ARGILLA_API_KEY"
        )
    return there


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve the embedded Argilla until it is told to stop (Ctrl-C or SIGTERM).

    Raises `AnnotationError` if it cannot be started, or ends by itself.
    """
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with _start(settings, host, port) as server:
        add_workspace(Connection(server.url, server.credentials.api_key))
        say(f"Argilla answers at {server.url}; `timbre review logins` prints the logins.")
        while not stopped.wait(0.5):
            server.check()
    say("Stopped.")


def known_logins(settings: Settings) -> list[tuple[str, str, str]]:
    """User, password and server of every login that Timbre generated."""
    owner = _credentials(settings)
    rows = [(owner["username"], owner["password"], "embedded")] if owner else []
    return rows + known_passwords(settings)


def install_server(settings: Settings) -> Path:
    """Make the embedded server's environment if it is not there yet; returns its Python."""
    with progress("Argilla’s environment") as advance:
        return install(settings.argilla_environment, advance)


def _start(settings: Settings, host: str, port: int) -> ServerProcess:
    python = install_server(settings)
    url = settings.argilla_database_url or None
    return start(settings.argilla_home, python=python, host=host, port=port, database_url=url)


def _running(settings: Settings) -> Connection | None:
    ready = _read(settings.argilla_home / "server.json")
    owner = _credentials(settings)
    if not ready or not owner or not _alive(int(ready["pid"])):
        return None
    return Connection(ready["url"], owner["api_key"])


def _alive(process: int) -> bool:
    """Whether a process is there; a killed server leaves its announcement behind."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _credentials(settings: Settings) -> dict[str, str]:
    return _read(settings.argilla_home / "credentials.json")


def _read(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found

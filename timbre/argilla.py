"""Connect to a running Argilla server or start the embedded one, and manage reviewer accounts."""

import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from annotation.argilla.accounts import Account, UserRole, add_user, add_workspace, list_users
from annotation.argilla.connection import Connection
from annotation.argilla.embedded_server import ServerProcess, install, start
from timbre.console import echo, progress
from timbre.settings import Settings, SettingsError

RULE_PREFIX = "rule-"
"""The prefix of the names of rules, which distinguishes them from people."""


@contextmanager
def connect_or_start(settings: Settings, url: str, port: int) -> Iterator[Connection]:
    """Yield the owner's connection to an Argilla server that has Timbre's workspace.

    A server at `url` (with `TIMBRE_ARGILLA_API_KEY`) takes precedence over the configured server,
    which takes precedence over a running embedded server. If no server is configured or running,
    this function starts an embedded server and stops it when the `with` block ends.

    Raises `AnnotationError` if the server doesn't respond or the embedded one can't start.
    """
    address = url or settings.argilla_url
    existing = Connection(address, settings.argilla_api_key) if address else _running(settings)
    if existing:
        add_workspace(existing)
        yield existing
        return
    with _start(settings, "127.0.0.1", port) as server:
        owner = Connection(server.url, server.credentials.api_key)
        add_workspace(owner)
        yield owner


def connection(settings: Settings) -> Connection:
    """Return the owner's connection to the configured server or, failing that, the embedded one.

    Raises `SettingsError` if no server is configured and the embedded server isn't running.
    """
    if settings.argilla_url:
        return Connection(settings.argilla_url, settings.argilla_api_key)
    running = _running(settings)
    if running is None:
        raise SettingsError(
            "Argilla isn't running. Start it with `timbre review serve` in another terminal, or "
            "set TIMBRE_ARGILLA_URL and TIMBRE_ARGILLA_API_KEY."
        )
    return running


def serve(settings: Settings, host: str, port: int) -> None:
    """Run the embedded Argilla server until Ctrl-C or SIGTERM.

    Raises `AnnotationError` if the server can't start or exits unexpectedly.
    """
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with _start(settings, host, port) as server:
        add_workspace(Connection(server.url, server.credentials.api_key))
        echo(f"Argilla is running at {server.url}. `timbre review logins` prints the logins.")
        while not stopped.wait(0.5):
            server.check()
    echo("Stopped.")


def known_logins(settings: Settings) -> list[tuple[str, str, str]]:
    """Return the user, password and server of every login that Timbre generated."""
    owner = _read_json(settings.argilla_home / "credentials.json")
    rows = [(owner["username"], owner["password"], "embedded")] if owner else []
    for key, password in sorted(_read_json(settings.accounts).items()):
        name, _, server = key.rpartition("@")
        rows.append((name, password, server))
    return rows


def install_server(settings: Settings) -> Path:
    """Create the embedded server's environment if it doesn't exist, and return its interpreter."""
    with progress("Argilla's environment") as advance:
        return install(settings.argilla_environment, advance)


def add_reviewers(
    settings: Settings, connection: Connection, names: Sequence[str], role: UserRole
) -> list[Account]:
    """Create the users that don't exist yet, and save their passwords in the accounts file.

    Raises `AnnotationError` if the connected user isn't allowed to create users.
    """
    accounts = [add_user(connection, name, role) for name in names]
    new = {_account_key(connection, a.name): a.password for a in accounts if a.password}
    # Read as late as possible, because another command may be adding people at the same time.
    passwords = {**_read_json(settings.accounts), **new}
    if new:
        _write_private(settings.accounts, passwords)
    return [
        replace(a, password=passwords.get(_account_key(connection, a.name), "")) for a in accounts
    ]


def describe_access(connection: Connection, annotators: Sequence[str]) -> str:
    """Where people review, and who can't log in yet. `annotators` are those a campaign names."""
    users = {user.name: user.role for user in list_users(connection)}
    missing = [name for name in annotators if name not in users]
    where = f"Review them at {connection.url}."
    if missing:
        have = "has" if len(missing) == 1 else "have"
        return (
            f"{where} {' and '.join(missing)} {have} no account yet: add each one with `timbre "
            "review user add NAME`."
        )
    people = [name for name, role in users.items() if role is UserRole.ANNOTATOR]
    if annotators or any(not is_rule(name) for name in people):
        return where
    return (
        f"{where} Log in as the owner (`timbre review logins`), or add people with `timbre review "
        "user add NAME`."
    )


def check_person(name: str) -> None:
    """Raise `SettingsError` if a person's name starts with the prefix reserved for rules."""
    if is_rule(name):
        raise SettingsError(
            f"The name “{name}” starts with “{RULE_PREFIX}”, which marks reviews made by a rule. "
            "Choose another name."
        )


def is_rule(name: str) -> bool:
    """Return whether a user name belongs to a rule instead of a person."""
    return name.startswith(RULE_PREFIX)


def _account_key(connection: Connection, name: str) -> str:
    return f"{name}@{connection.url}"


def _start(settings: Settings, host: str, port: int) -> ServerProcess:
    python = install_server(settings)
    url = settings.argilla_database_url or None
    return start(settings.argilla_home, python=python, host=host, port=port, database_url=url)


def _running(settings: Settings) -> Connection | None:
    server = _read_json(settings.argilla_home / "server.json")
    owner = _read_json(settings.argilla_home / "credentials.json")
    # server.json is still there after a server was killed.
    if not server or not owner or not _is_alive(int(server["pid"])):
        return None
    return Connection(server["url"], owner["api_key"])


def _is_alive(process: int) -> bool:
    """Return whether a process with this id is running."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_json(path: Path) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def _write_private(path: Path, content: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    part.replace(path)

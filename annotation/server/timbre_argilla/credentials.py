"""The secrets of one server: made once, kept for their owner's eyes only in the server's home."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from timbre_argilla.errors import LaunchError

CREDENTIALS_FILE = "credentials.json"
OWNER = "owner"
VARIABLES = ("TIMBRE_SERVER_PASSWORD", "TIMBRE_SERVER_API_KEY", "TIMBRE_SERVER_SECRET_KEY")

# What Argilla's documentation, images and source have published at one time or another.
PUBLISHED_NAMES = frozenset({"argilla"})
PUBLISHED_PASSWORDS = frozenset({"1234", "12345678"})
PUBLISHED_KEYS = frozenset(
    {"argilla.apikey", "owner.apikey", "admin.apikey", "annotator.apikey", "team.apikey"}
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The owner's name, password and API key, and the key that signs everybody's sessions."""

    username: str
    password: str
    api_key: str
    secret_key: str


def published(username: str = "", password: str = "", api_key: str = "") -> str | None:
    """Say which of the three is one that Argilla publishes, or None when none is."""
    if username in PUBLISHED_NAMES:
        return f"the user name {username!r}"
    if password in PUBLISHED_PASSWORDS:
        return "a password"
    if api_key in PUBLISHED_KEYS:
        return "an API key"
    return None


def open_credentials(home: Path) -> Credentials:
    """Read the home's credentials, or make them when it has none yet.

    The file is closed to other people (0600) each time it is read, should somebody have opened it.

    Raises `LaunchError` where the file is not what this module writes, or holds what Argilla
    publishes.
    """
    path = home / CREDENTIALS_FILE
    if not path.exists():
        return _make(path)
    path.chmod(0o600)
    try:
        found = Credentials(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise LaunchError(
            f"{path} does not hold a user name, password, API key and secret key ({error}); "
            "repair it, or delete it and new ones are made."
        ) from error
    what = published(found.username, found.password, found.api_key)
    if what is not None or not all(asdict(found).values()):
        raise LaunchError(
            f"{path} holds {what or 'an empty value'} that anybody could guess; "
            "choose another, or delete the file and new ones are made."
        )
    return found


def given_credentials(named: Mapping[str, str]) -> Credentials:
    """The credentials that an environment holds, for a server that keeps no file of them.

    Raises `LaunchError` where one is missing, or is one that Argilla publishes.
    """
    found = Credentials(OWNER, *(named.get(name, "") for name in VARIABLES))
    missing = [name for name in VARIABLES if not named.get(name)]
    if missing:
        raise LaunchError(f"{' and '.join(missing)} must be set; `make env` makes them.")
    what = published(password=found.password, api_key=found.api_key)
    if what is not None:
        raise LaunchError(f"The environment holds {what} that anybody could guess; make another.")
    return found


def _make(path: Path) -> Credentials:
    made = Credentials(
        username=OWNER,
        password=secrets.token_urlsafe(18),
        api_key=secrets.token_urlsafe(48),
        secret_key=secrets.token_urlsafe(48),
    )
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    # Opened closed to others: a file made first and closed after could be read in between.
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(made), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return made

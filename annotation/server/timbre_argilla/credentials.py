"""Generate a server's secrets at its first start, and store them in its home folder."""

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

# Past and present defaults from Argilla's documentation, images and source code.
DEFAULT_NAMES = frozenset({"argilla"})
DEFAULT_PASSWORDS = frozenset({"1234", "12345678"})
DEFAULT_KEYS = frozenset(
    {"argilla.apikey", "owner.apikey", "admin.apikey", "annotator.apikey", "team.apikey"}
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The owner's name, password and API key, and the key that signs all sessions."""

    username: str
    password: str
    api_key: str
    secret_key: str


def find_default(username: str = "", password: str = "", api_key: str = "") -> str | None:
    """Say which of the given values, if any, is a default that Argilla publishes."""
    if username in DEFAULT_NAMES:
        return f"the user name {username!r}"
    if password in DEFAULT_PASSWORDS:
        return "a password"
    if api_key in DEFAULT_KEYS:
        return "an API key"
    return None


def load_credentials(home: Path) -> Credentials:
    """Read the credentials in a home folder, or generate them if there are none.

    If the credentials file exists, its mode is reset to 0600.

    Raises `LaunchError` if the credentials file is malformed or contains one of Argilla's defaults.
    """
    path = home / CREDENTIALS_FILE
    if not path.exists():
        return _generate(path)
    path.chmod(0o600)
    try:
        credentials = Credentials(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise LaunchError(
            f"{path} lacks a user name, password, API key or secret key ({error}). Repair the "
            "file, or delete it to generate new credentials."
        ) from error
    default = find_default(credentials.username, credentials.password, credentials.api_key)
    if default or not all(asdict(credentials).values()):
        problem = f"{default} that Argilla publishes as a default" if default else "an empty value"
        raise LaunchError(
            f"{path} contains {problem}. Replace this value, or delete the file to "
            "generate new credentials."
        )
    return credentials


def credentials_from(environment: Mapping[str, str]) -> Credentials:
    """Read the credentials from environment variables, for a server without a credentials file.

    Raises `LaunchError` if an environment variable is missing or contains one of Argilla's
    defaults.
    """
    missing = [name for name in VARIABLES if not environment.get(name)]
    if missing:
        raise LaunchError(
            f"The environment lacks {' and '.join(missing)}. Run `make env` to generate secrets, "
            "or set your own."
        )
    password, api_key, secret_key = (environment[name] for name in VARIABLES)
    if default := find_default(password=password, api_key=api_key):
        raise LaunchError(
            f"The environment contains {default} that Argilla publishes as a default. Change it."
        )
    return Credentials(OWNER, password, api_key, secret_key)


def _generate(path: Path) -> Credentials:
    credentials = Credentials(
        username=OWNER,
        password=secrets.token_urlsafe(18),
        api_key=secrets.token_urlsafe(48),
        secret_key=secrets.token_urlsafe(48),
    )
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    # Created with mode 0600, because others could read the file before a later change of mode.
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(credentials), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return credentials

"""Reviewers' accounts: generated passwords kept for the user alone, and who is a rule."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace

from annotation.accounts import Account, UserRole, add_user
from annotation.connect import Connection
from timbre.settings import Settings, SettingsError

RULE_PREFIX = "rule-"


def add_reviewers(
    settings: Settings, connection: Connection, names: Sequence[str], role: UserRole
) -> list[Account]:
    """Make users, or find those that are there; new passwords go into the accounts file.

    Raises `AnnotationError` if the connection may not make users.
    """
    accounts = [add_user(connection, name, role) for name in names]
    made = {account.name: account.password for account in accounts if account.password}
    if made:
        # Read as late as can be: somebody may be adding people beside us.
        _write(settings, {**_read(settings), **{_key(connection, n): p for n, p in made.items()}})
    known = _read(settings)
    return [replace(a, password=known.get(_key(connection, a.name), "")) for a in accounts]


def check_person(name: str) -> None:
    """Refuse a name that is kept for rules.

    Raises `SettingsError` if the name starts with `rule-`.
    """
    if is_rule(name):
        raise SettingsError(
            f"found the name “{name}”, expected one that does not start with “{RULE_PREFIX}”, "
            "which marks reviews made by a rule; choose another name"
        )


def is_rule(name: str) -> bool:
    """Whether the user of this name stands for a rule, not a person."""
    return name.startswith(RULE_PREFIX)


def known_passwords(settings: Settings) -> list[tuple[str, str, str]]:
    """User, password and server of every account that was made here."""
    found = sorted(_read(settings).items())
    parted = [(name.rpartition("@"), word) for name, word in found]
    return [(name, word, server) for (name, _, server), word in parted]


def _key(connection: Connection, name: str) -> str:
    return f"{name}@{connection.url}"


def _read(settings: Settings) -> dict[str, str]:
    if not settings.accounts.exists():
        return {}
    known: dict[str, str] = json.loads(settings.accounts.read_text(encoding="utf-8"))
    return known


def _write(settings: Settings, passwords: dict[str, str]) -> None:
    settings.accounts.parent.mkdir(parents=True, exist_ok=True)
    part = settings.accounts.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(passwords, file, indent=1)
    part.replace(settings.accounts)

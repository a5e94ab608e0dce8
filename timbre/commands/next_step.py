"""Suggest the next command at the end of every successful command."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from timbre.console import echo_error
from timbre.settings import SettingsError, read_settings
from timbre.stores import open_store

_NEXT = {
    "demo": "timbre init NAME",
    "doctor": "timbre init NAME",
    "init": "timbre check CAMPAIGN",
    "articles add": "timbre generate CAMPAIGN",
    "articles list": "timbre generate CAMPAIGN",
    "articles audit": "timbre articles add SOURCE",
    "tone check": "timbre check CAMPAIGN",
    "persona check": "timbre check CAMPAIGN",
    "review serve": "timbre review logins",
    "review install": "timbre review serve",
    "review logins": "timbre review push CAMPAIGN",
    "review user add": "timbre review push CAMPAIGN",
    "review user list": "timbre review push CAMPAIGN",
    "version list": "timbre version show VERSION",
    "version show": "timbre train VERSION",
    "version verify": "timbre train VERSION",
    "version diff": "timbre train VERSION",
    "version export": "timbre train VERSION",
    "version erase": "timbre version verify VERSION",
    "train": "timbre run perform VERSION --campaign CAMPAIGN",
    "tune": "timbre advise VERSION",
    "run list": "timbre run show RUN",
    "run show": "timbre run chat RUN",
    "run promoted": "timbre run chat RUN",
    "run chat": "timbre export RUN --to ollama",
    "run watch": "timbre run queue",
    "run queue": "timbre run watch",
    "study tone": "timbre report",
    "study persona": "timbre report",
    "advise": "timbre run promoted",
    "export": "timbre run chat RUN",
    "serve": "timbre run chat RUN",
    "trace": "timbre status CAMPAIGN",
    "clean": "timbre doctor",
}
"""The command to suggest after each command that isn't about a particular campaign."""


def announce_next(command: Any, path: tuple[str, ...] = ()) -> None:
    """Make a command, or each command of a group, suggest the next command when it succeeds.

    `command` is a click command or group. The suggestion goes to standard error, so that standard
    output contains only the command's result. With `--json`, nothing is suggested.
    """
    for name, inner in getattr(command, "commands", {}).items():
        announce_next(inner, (*path, name))
    if not hasattr(command, "commands") and command.callback:
        command.callback = _announcing(" ".join(path), command.callback)


def _announcing(path: str, run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def run_and_announce(**arguments: Any) -> None:
        run(**arguments)
        is_for_programs = arguments.get("as_json") or arguments.get("with_worker")
        if not is_for_programs:
            echo_error(f"Next: {next_command(path, arguments)}")

    return run_and_announce


def next_command(path: str, arguments: dict[str, Any]) -> str:
    """Return the command to suggest after the command at `path` has run with these arguments."""
    from db.errors import StoreError

    if path == "init":
        return f"timbre check {arguments['name']}"
    name = arguments.get("campaign")
    try:
        if not isinstance(name, str) or not name:
            name = _campaign_of(str(arguments.get("version") or ""))
        if name:
            command = _campaign_next(name)
            is_checked = path == "check" and command == f"timbre check {name}"
            return f"timbre generate {name}" if is_checked else command
    except (SettingsError, StoreError):
        pass  # for example, if the campaign's file was deleted
    return _NEXT.get(path, "timbre status CAMPAIGN")


def _campaign_of(version: str) -> str:
    """Return the campaign of a version, or an empty string if no version is given."""
    from db.versions.contents import find_version

    if not version:
        return ""
    with open_store() as store:
        return find_version(store, version).campaign


def _campaign_next(name: str) -> str:
    from timbre.campaign import load_campaign
    from timbre.workflows.setup.status import campaign_steps, next_command

    settings, campaign = read_settings(), load_campaign(name)
    with open_store(settings) as store:
        return next_command(campaign_steps(store, campaign, settings, name))

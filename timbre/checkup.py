"""A check-up of the set-up: each finding with what to do where it is not well."""

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from annotation.connect import Connection, connect
from annotation.errors import AnnotationError
from db.errors import StoreError
from db.store import Store
from timbre.settings import Settings
from timbre.stores import sqlite_path
from trainer.errors import TrainerError
from trainer.models import resolve
from trainer.precision import choose_precision

_LIBRARIES = ("torch", "transformers", "trl", "peft", "distilabel", "argilla", "sqlalchemy")
_FREE_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, whether the loop needs it, what to do if not."""

    what: str
    well: bool
    found: str
    remedy: str = ""
    needed: bool = True


def checkup(settings: Settings) -> list[Finding]:
    """Everything the loop needs, looked at in the order in which it is used."""
    return [
        _python(),
        *(_library(name) for name in _LIBRARIES),
        _home(settings),
        _space(settings),
        _database(settings),
        _base_model(),
        _precision(),
        _argilla_environment(settings),
        _argilla(settings),
    ]


def _python() -> Finding:
    found = sys.version.split()[0]
    return Finding("Python", found.startswith("3.11."), found, "install Python 3.11")


def _library(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "run `make setup`")


def _home(settings: Settings) -> Finding:
    place = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    return Finding(
        "home",
        os.access(place, os.W_OK),
        str(settings.home),
        "make it writable, or set TIMBRE_HOME to a folder that is",
    )


def _space(settings: Settings) -> Finding:
    place = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(place).free / 1e9
    return Finding("disk space", free > _FREE_GB, f"{free:.1f} GB free", "free some space")


def _database(settings: Settings) -> Finding:
    path = sqlite_path(settings.database_url)
    if path and not path.exists():
        return Finding("database", True, "not there yet; made on first use")
    try:
        Store.open(settings.database_url).close()
    except StoreError as error:
        return Finding("database", False, str(error), "run `timbre doctor --migrate`")
    return Finding("database", True, "reachable and up to date")


def _base_model() -> Finding:
    try:
        return Finding("base model", True, Path(resolve("mini")).name)
    except TrainerError as error:
        return Finding("base model", False, str(error), "check the project out again")


def _precision() -> Finding:
    chosen = choose_precision("auto")
    return Finding("precision", True, f"{chosen.name}: {chosen.reason}")


def _argilla_environment(settings: Settings) -> Finding:
    there = settings.argilla_environment.is_dir()
    found = "made" if there else "not made yet; made on first use"
    return Finding("Argilla’s environment", True, found, needed=False)


def _argilla(settings: Settings) -> Finding:
    if not settings.argilla_url:
        return Finding("Argilla", True, "the embedded server", needed=False)
    try:
        with connect(Connection(settings.argilla_url, settings.argilla_api_key), workspace=False):
            return Finding("Argilla", True, settings.argilla_url)
    except AnnotationError as error:
        return Finding("Argilla", False, str(error), "see TIMBRE_ARGILLA_URL and _API_KEY")

"""Check everything that Timbre needs, and explain how to fix problems."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from db.errors import StoreError
from timbre.settings import Settings
from timbre.stores import sqlite_path
from trainer.errors import TrainerError

_LIBRARIES = ("torch", "transformers", "trl", "peft", "distilabel", "argilla", "sqlalchemy")
_PYTHONS = ((3, 11), (3, 12), (3, 13))
_FREE_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """The result of one check; `remedy` says how to fix a problem."""

    name: str
    is_fine: bool
    detail: str
    remedy: str = ""
    is_required: bool = True


def check_setup(settings: Settings) -> Iterator[Finding]:
    """Check everything that Timbre needs, and yield the result of each check."""
    yield Finding(
        "Python",
        sys.version_info[:2] in _PYTHONS,
        sys.version.split()[0],
        "Install Python 3.11, 3.12 or 3.13.",
    )
    yield from map(_check_library, _LIBRARIES)
    yield from _check_home(settings)
    yield _check_database(settings)
    yield from _check_models()
    yield from _check_argilla(settings)


def _check_library(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "Run `make setup`.")


def _check_home(settings: Settings) -> Iterator[Finding]:
    folder = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    yield Finding(
        "home",
        os.access(folder, os.W_OK),
        str(settings.home),
        "Make the folder writable, or set TIMBRE_HOME to another folder.",
    )
    free = shutil.disk_usage(folder).free / 1e9
    yield Finding("disk space", free > _FREE_GB, f"{free:.1f} GB free", "Free some space.")


def _check_database(settings: Settings) -> Finding:
    from db.store import Store

    path = sqlite_path(settings.database_url)
    if path and not path.exists():
        return Finding("database", True, "doesn't exist yet and will be created on first use")
    try:
        Store.open(settings.database_url).close()
    except StoreError as error:
        return Finding("database", False, str(error), "Run `timbre doctor --migrate`.")
    return Finding("database", True, "reachable and up to date")


def _check_models() -> Iterator[Finding]:
    from trainer.models.lookup import resolve
    from trainer.models.precision import choose_precision
    from trainer.models.smollm2 import is_cached

    try:
        yield Finding("base model", True, resolve("mini").name)
    except TrainerError as error:
        yield Finding("base model", False, str(error), "Check out the project again.")
    detail = "in the cache" if is_cached() else "not downloaded yet; it's downloaded on first use"
    yield Finding("SmolLM2", True, detail, is_required=False)
    chosen = choose_precision("auto")
    yield Finding("precision", True, f"{chosen.name}: {chosen.reason}")


def _check_argilla(settings: Settings) -> Iterator[Finding]:
    exists = settings.argilla_environment.is_dir()
    detail = "exists" if exists else "doesn't exist yet and will be created on first use"
    yield Finding("Argilla's environment", True, detail, is_required=False)
    if not settings.argilla_url:
        yield Finding("Argilla", True, "the embedded server", is_required=False)
        return
    from annotation.argilla.connection import Connection, connect
    from annotation.errors import AnnotationError

    try:
        with connect(Connection(settings.argilla_url, settings.argilla_api_key), workspace=False):
            yield Finding("Argilla", True, settings.argilla_url)
    except AnnotationError as error:
        remedy = "Check TIMBRE_ARGILLA_URL and TIMBRE_ARGILLA_API_KEY."
        yield Finding("Argilla", False, str(error), remedy)

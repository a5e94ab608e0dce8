"""`timbre clean`: what takes space and is no longer referred to."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.console import say, table
from timbre.settings import read_settings
from timbre.stores import open_store

_UNFINISHED = ("*.part", "*.partial", "*.timbre-partial")
"""What a command that was killed leaves; one that is at work has such files, too."""


def clean(
    yes: Annotated[bool, typer.Option("--yes", help="Delete what is listed.")] = False,
) -> None:
    """List run folders that no run refers to, and unfinished files; delete them with --yes.

    Example: timbre clean --yes
    """
    import shutil

    from db.records import Run
    from timbre.training import run_folder

    settings = read_settings()
    with open_store(settings) as store:
        used = {run_folder(settings, run) for run in store.stream(Run)}
    folders = settings.runs.iterdir() if settings.runs.is_dir() else []
    found = {folder for folder in folders if folder not in used}
    found |= {path for pattern in _UNFINISHED for path in settings.home.rglob(pattern)}
    unused = sorted(path for path in found if found.isdisjoint(path.parents))
    table(
        ("what", "MB"), [(path.relative_to(settings.home), f"{_size(path):.1f}") for path in unused]
    )
    if not yes:
        say(f"{len(unused)} found; --yes deletes them.")
        return
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    say(f"{len(unused)} deleted.")


def _size(path: Path) -> float:
    """Megabytes of a file or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6

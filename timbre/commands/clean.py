"""`timbre clean`: delete files that are no longer needed."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.console import echo, print_table
from timbre.settings import read_settings
from timbre.stores import open_store

_UNFINISHED = ("*.part", "*.partial", "*.timbre-partial")
"""Files that a killed command leaves behind. A running command also creates such files."""


def clean(
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Delete the listed files and folders instead of only listing them."
        ),
    ] = False,
) -> None:
    """List files that were never finished and folders that don't belong to any run.

    With --yes, delete the listed files and folders.

    Example: timbre clean --yes
    """
    import shutil

    from db.records import Run

    settings = read_settings()
    with open_store(settings) as store:
        used = {settings.run_folder(run.id) for run in store.stream(Run)}
    folders = settings.runs.iterdir() if settings.runs.is_dir() else []
    paths = {folder for folder in folders if folder not in used}
    paths |= {path for pattern in _UNFINISHED for path in settings.home.rglob(pattern)}
    unused = sorted(path for path in paths if paths.isdisjoint(path.parents))
    rows = [(path.relative_to(settings.home), f"{_megabytes(path):.1f}") for path in unused]
    print_table(("path", "MB"), rows)
    if not yes:
        echo(f"{len(unused)} unused. To delete them, add --yes.")
        return
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    echo(f"{len(unused)} deleted.")


def _megabytes(path: Path) -> float:
    """Return the size of a file, or of all files in a folder, in megabytes."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6

"""What the command line shows: lines, tables, JSON and progress bars."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

Advance = Callable[..., None]
"""Told how much is done of how much, and in words what else to show; numbers are left out."""

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """Print a line for people, without reading it as markup."""
    _out.print(line, markup=False)


def complain(line: str) -> None:
    """Print an error sentence on standard error."""
    _err.print(line, markup=False)


def facts(value: Any) -> None:
    """Print plain values as JSON for machines."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under column headings."""
    drawn = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        drawn.add_row(*(str(cell) for cell in row))
    _out.print(drawn, markup=False)


def counted(counts: Mapping[str, int]) -> str:
    """Counts as words: `3 redirect, 1 stub`; `none` where there are none."""
    kept = {name: n for name, n in sorted(counts.items()) if n}
    return ", ".join(f"{n} {name}" for name, n in kept.items()) or "none"


@contextmanager
def progress(what: str, shown: bool = True) -> Iterator[Advance]:
    """A progress bar on standard error, on a terminal only; tell it (done, total)."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    words = TextColumn("{task.fields[words]}", markup=False)
    drawn = Progress(
        TextColumn("{task.description}"),
        *columns,
        words,
        console=_err,
        transient=True,
        disable=not (shown and _err.is_terminal),
    )
    with drawn:
        task = drawn.add_task(what, total=None, words="")

        def advance(done: int, total: int, *told: object) -> None:
            words = " ".join(each for each in told if isinstance(each, str))
            drawn.update(task, completed=done, total=total or None, words=words)

        yield advance

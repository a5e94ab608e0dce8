"""Console output: lines, tables, JSON and progress bars."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from humanize import naturaltime

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 10_000
"""A table's maximum width outside a terminal: wider than any row."""

ProgressCallback = Callable[..., None]
"""A callback that receives the number of finished items, the total (0 if unknown), and a note."""


def echo(line: str) -> None:
    """Print a line without interpreting markup."""
    _console().print(line, markup=False)


def echo_error(line: str) -> None:
    """Print a line to standard error."""
    _console(stderr=True).print(line, markup=False)


def print_json(value: Any) -> None:
    """Print plain values as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as a table with column headings.

    Nothing is cut off: in a terminal, long texts wrap between words. Elsewhere, such as in a pipe,
    each row is one line.
    """
    from rich.table import Table

    console = _console()
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    cells = [[str(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, name in enumerate(columns):
        words = (word for row in cells for word in row[column].split())
        table.add_column(name, overflow="fold", min_width=max(map(len, words), default=1))
    for row in cells:
        table.add_row(*row)
    console.print(table, markup=False)


def print_rows(
    columns: Sequence[str], rows: Sequence[Sequence[object]], as_json: bool = False
) -> None:
    """Print rows as a table, or as a JSON list of objects."""
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


def format_age(at: str) -> str:
    """Format how long ago an ISO 8601 time was: `3 hours ago`."""
    return naturaltime(datetime.now(UTC) - datetime.fromisoformat(at))


def format_counts(counts: Mapping[str, int]) -> str:
    """Format counts as text: `3 redirect, 1 stub`, or `none` if all counts are 0."""
    shown = {name: n for name, n in sorted(counts.items()) if n}
    return ", ".join(f"{n} {name}" for name, n in shown.items()) or "none"


def count_noun(count: int, noun: str) -> str:
    """Format a count with its noun, whose plural ends in -s: `1 article`, `2 articles`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@contextmanager
def progress(title: str, is_shown: bool = True) -> Iterator[ProgressCallback]:
    """Show a progress bar if standard error is a terminal, and yield a callback that updates it."""
    console = _console(stderr=True)
    if not (is_shown and console.is_terminal):
        yield lambda *_: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(title, total=None, note="")

        def advance(done: int, total: int, *notes: object) -> None:
            note = " ".join(each for each in notes if isinstance(each, str))
            bar.update(task, completed=done, total=total or None, note=note)

        yield advance


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)

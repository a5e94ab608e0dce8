"""The output of a benchmark: printed, and recorded in its page under docs/benchmarks.

A page has two marks, or two for each part of the benchmark. The lines between them are the last
recorded run; people write the rest.
"""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

PAGES = Path(__file__).parents[1] / "docs" / "benchmarks"
_STEAL_COLUMN = 8  # in the first line of /proc/stat


def publish(page: str, lines: list[str], should_record: bool, marks: str = "figures") -> None:
    """Print a benchmark's lines of Markdown, and record them in its page if asked to."""
    if should_record:
        record(page, lines, marks)
    else:
        print("\n".join(lines))


def record(page: str, lines: list[str], marks: str = "figures") -> None:
    """Print a benchmark's lines of Markdown and put them into its page, with the conditions.

    `marks` names the two marks between which the lines belong.

    Raises `ValueError` if the page has no marks.
    """
    text = "\n".join([conditions(), "", *lines])
    path = PAGES / f"{page}.md"
    pattern = re.compile(rf"(<!-- {marks} -->\n).*?(<!-- end of {marks} -->)", re.DOTALL)
    content, count = pattern.subn(
        lambda m: m[1] + text + "\n" + m[2], path.read_text(encoding="utf-8")
    )
    if not count:
        raise ValueError(
            f"{path} has no place for figures. Add the lines “<!-- {marks} -->” and “<!-- end of "
            f"{marks} -->”."
        )
    path.write_text(content, encoding="utf-8")
    print(text)


def conditions() -> str:
    """The date, the machine and its load. On a busy machine, speeds are lower bounds."""
    load = os.getloadavg()[0]
    steal = (_steal_ticks() - _STEAL_AT_START) / os.sysconf("SC_CLK_TCK")
    return (
        f"Recorded on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}, load at the end {load:.1f}, "
        f"{steal:.0f} s of a core stolen by other machines on the host."
    )


def _steal_ticks() -> int:
    """Clock ticks that the host gave to other machines while this one was ready to run."""
    return int(Path("/proc/stat").read_text(encoding="utf-8").split(maxsplit=9)[_STEAL_COLUMN])


_STEAL_AT_START = _steal_ticks()

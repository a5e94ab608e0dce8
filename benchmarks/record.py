"""Where a benchmark's table goes: to the screen, and into its page under docs/benchmarks.

A page is written by people around two marks; what stands between them is the last recorded run.
"""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

_STEAL = 8  # its place in the first line of /proc/stat
PAGES = Path(__file__).parents[1] / "docs" / "benchmarks"
_BETWEEN = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def record(page: str, lines: list[str]) -> None:
    """Print a benchmark's lines of Markdown and put them into its page, with the circumstances.

    Raises `ValueError` if the page has no place for figures.
    """
    text = "\n".join([circumstances(), "", *lines])
    path = PAGES / f"{page}.md"
    written, found = _BETWEEN.subn(
        lambda m: m[1] + text + "\n" + m[2], path.read_text(encoding="utf-8")
    )
    if not found:
        raise ValueError(
            f"found no “<!-- figures -->” in {path}, expected it before and “<!-- end of figures "
            "-->” after the place for a run's figures; add both"
        )
    path.write_text(written, encoding="utf-8")
    print(text)


def circumstances() -> str:
    """When and on what a run was made: a busy machine's figures are lower bounds.

    What other machines on the same host took of our processors is said in seconds of a core.
    """
    load = os.getloadavg()[0]
    stolen = (_stolen() - _STOLEN_BEFORE) / os.sysconf("SC_CLK_TCK")
    return (
        f"Recorded on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}, load at the end {load:.1f}, "
        f"{stolen:.0f} s of a core stolen by other machines on the host."
    )


def _stolen() -> int:
    """The time that the host gave to others while we could have run, in clock ticks."""
    return int(Path("/proc/stat").read_text(encoding="utf-8").split(maxsplit=9)[_STEAL])


_STOLEN_BEFORE = _stolen()

"""What a record costs as records become more: at 1,000, 10,000 and 100,000, and 100 million.

    python -m benchmarks.scaling [--most 100000]

Each size has an empty SQLite store of its own. Seconds are the processor's, so that a busy machine
changes them little; the table goes into docs/benchmarks/scaling.md.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import record
from benchmarks.store import approved, candidates, named, reviews, sources
from db.records import Candidate
from db.store import Store
from db.versions import FreezePlan, freeze

FIRST = 1000
AIM = 100_000_000
WHATS = ("add", "pull a review of each", "freeze", "stream")


@dataclass(frozen=True)
class Cost:
    """What a number of candidates cost: processor seconds by step, and bytes on disk."""

    count: int
    seconds: tuple[float, ...]
    size: int


def cost(count: int) -> Cost:
    """Add, review, freeze and stream so many candidates in a store of their own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        Store.migrate(f"sqlite:///{file}")
        with Store.open(f"sqlite:///{file}") as store:
            seconds = tuple(_spent(step) for step in _steps(store, count))
        size = sum(path.stat().st_size for path in file.parent.iterdir())
    return Cost(count, seconds, size)


def _steps(store: Store, count: int) -> Iterator[Callable[[], object]]:
    made: list[Candidate] = []

    def add() -> None:
        store.add(sources(count))
        made.extend(candidates(count))
        store.add(made)

    yield add
    subjects = named(made)
    yield lambda: store.reconcile_reviews("benchmark", reviews(subjects, "first"), "1")
    given = approved(store, subjects)
    yield lambda: freeze(store, FreezePlan("first", "benchmark", "salt"), given)
    yield lambda: sum(1 for _ in store.stream(Candidate))


def _spent(step: Callable[[], object]) -> float:
    begun = time.process_time()
    step()
    return time.process_time() - begun


def table(costs: list[Cost]) -> Iterator[str]:
    """Milliseconds and bytes a record at each size, and what the last one makes of 100 million."""
    yield (
        "| for each candidate | "
        + " | ".join(f"at {c.count:,}" for c in costs)
        + " | 100 million |"
    )
    yield "| --- |" + " ---: |" * (len(costs) + 1)
    last = costs[-1]
    for place, what in enumerate(WHATS):
        cells = [f"{1000 * c.seconds[place] / c.count:.3f} ms" for c in costs]
        hours = last.seconds[place] / last.count * AIM / 3600
        yield f"| {what} | " + " | ".join(cells) + f" | {hours:.0f} processor hours |"
    sizes = [f"{c.size / c.count:,.0f} bytes" for c in costs]
    yield f"| on disk | {' | '.join(sizes)} | {last.size / last.count * AIM / 1e12:.2f} TB |"


def main() -> None:
    """Measure each order of magnitude and record the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000)
    most = parser.parse_args().most
    counts = [FIRST * 10**n for n in range(9) if FIRST * 10**n <= most]
    lines = list(table([cost(count) for count in counts]))
    if most < 100 * FIRST:
        print("\n".join(lines))
    else:
        record("scaling", lines)


if __name__ == "__main__":
    main()

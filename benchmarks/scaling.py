"""The cost per record at 1,000, 10,000 and 100,000 records, extrapolated to 100 million.

    python -m benchmarks.scaling [--most 100000]

Each size has a new SQLite store. The seconds are CPU time, which a busy machine changes little. The
table is recorded in docs/benchmarks/scaling.md.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import publish
from benchmarks.store import approvals, build_articles, build_candidates, build_reviews, ids
from db.records import Candidate
from db.reviews import reconcile_reviews
from db.store import Store
from db.versions.freeze import FreezePlan, freeze

SMALLEST = 1000
TARGET = 100_000_000
STEPS = ("add", "pull a review of each", "freeze", "stream")


@dataclass(frozen=True)
class Cost:
    """The cost of a number of candidates: CPU seconds by step, and bytes on disk."""

    count: int
    seconds: tuple[float, ...]
    size: int


def measure(count: int) -> Cost:
    """Add, review, freeze and stream candidates in a new store."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        Store.migrate(f"sqlite:///{file}")
        with Store.open(f"sqlite:///{file}") as store:
            seconds = tuple(_cpu_seconds(step) for step in _steps(store, count))
        size = sum(path.stat().st_size for path in file.parent.iterdir())
    return Cost(count, seconds, size)


def _steps(store: Store, count: int) -> Iterator[Callable[[], object]]:
    candidates: list[Candidate] = []

    def add() -> None:
        store.add(build_articles(count))
        candidates.extend(build_candidates(count))
        store.add(candidates)

    yield add
    subjects = ids(candidates)
    yield lambda: reconcile_reviews(store, "benchmark", build_reviews(subjects, "first"), "1")
    approved = approvals(store, subjects)
    yield lambda: freeze(store, FreezePlan("first", "benchmark", "salt"), approved)
    yield lambda: sum(1 for _ in store.stream(Candidate))


def _cpu_seconds(step: Callable[[], object]) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


def table(costs: list[Cost]) -> Iterator[str]:
    """Milliseconds and bytes per record at each size, and the last size extrapolated."""
    yield (
        "| for each candidate | "
        + " | ".join(f"at {c.count:,}" for c in costs)
        + " | 100 million |"
    )
    yield "| --- |" + " ---: |" * (len(costs) + 1)
    last = costs[-1]
    for index, step in enumerate(STEPS):
        cells = [f"{1000 * c.seconds[index] / c.count:.3f} ms" for c in costs]
        hours = last.seconds[index] / last.count * TARGET / 3600
        yield f"| {step} | " + " | ".join(cells) + f" | {hours:.0f} CPU hours |"
    sizes = [f"{c.size / c.count:,.0f} bytes" for c in costs]
    yield f"| on disk | {' | '.join(sizes)} | {last.size / last.count * TARGET / 1e12:.2f} TB |"


def main() -> None:
    """Measure each order of magnitude and record the table, unless it stops early."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000)
    most = parser.parse_args().most
    counts = [SMALLEST * 10**n for n in range(9) if SMALLEST * 10**n <= most]
    lines = list(table([measure(count) for count in counts]))
    publish("scaling", lines, should_record=most >= 100 * SMALLEST)


if __name__ == "__main__":
    main()

"""Store candidates and rejections as they arrive, and count them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from db.records import Candidate, Measure, Record, Rejection
from db.store import Store
from pipelines.meter import Prices
from timbre.console import ProgressCallback, format_counts

COST_SOURCE = "generate.prices.v1"
_BATCH = 500
_REASONS = 3
_REJECTED = "rejected: "
_EXCERPT = 80
"""The number of characters of a rejected text that an error message quotes."""


@dataclass
class StoredCounts:
    """Counts of candidates by kind and of rejections by reason; `new` counts new records.

    `samples` contains the first rejection for each reason.
    """

    by_outcome: Counter[str] = field(default_factory=Counter)
    new: int = 0
    samples: dict[str, Rejection] = field(default_factory=dict)

    def __str__(self) -> str:
        """Format the counts as a comma-separated list."""
        return format_counts(self.by_outcome)

    @property
    def has_candidates(self) -> bool:
        """Whether there is at least one candidate."""
        return any(not name.startswith(_REJECTED) for name in self.by_outcome)

    def count(self, record: Candidate | Rejection) -> None:
        """Count a candidate by its kind, or a rejection by its reason."""
        if isinstance(record, Candidate):
            self.by_outcome[record.kind.value] += 1
        else:
            self.by_outcome[f"{_REJECTED}{record.reason}"] += 1
            self.samples.setdefault(record.reason, record)

    def main_reasons(self) -> str:
        """Format the most common reasons for rejection, one per line, each with an example."""
        counts = Counter({r: self.by_outcome[f"{_REJECTED}{r}"] for r in self.samples})
        return "".join(
            f"\n  {count} × {reason}: {_describe(self.samples[reason])}"
            for reason, count in counts.most_common(_REASONS)
        )


def store_records(
    store: Store,
    records: Iterable[Candidate | Rejection],
    prices: Prices,
    on_progress: ProgressCallback,
) -> StoredCounts:
    """Store records as they arrive, so that an interruption doesn't lose any."""
    counts = StoredCounts()
    pending: list[Record] = []

    def flush() -> None:
        batch = [*pending]
        pending.clear()  # cleared first, so that an interrupted write isn't repeated at the end
        counts.new += store.add(batch)
        store.add(cost for record in batch for cost in _cost(record, prices))

    try:
        for record in records:
            counts.count(record)
            pending.append(record)
            if len(pending) >= _BATCH:
                flush()
                on_progress(counts.by_outcome.total(), 0)
    finally:
        flush()
    return counts


def _cost(record: Record, prices: Prices) -> Iterator[Measure]:
    """Return the cost of a candidate's replies, if the campaign has prices."""
    if isinstance(record, Candidate) and prices.cost(1, 1):
        usd = prices.cost(record.input_tokens, record.output_tokens)
        yield Measure(subject=record.id, name="usd", source=COST_SOURCE, value=usd)


def _describe(sample: Rejection) -> str:
    text = " ".join(sample.text.split())
    excerpt = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
    quoted = f" “{excerpt}”" if excerpt else ""
    return f"{sample.subject} ({sample.detail}){quoted}"

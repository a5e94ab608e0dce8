"""Measure the progress of a review, per dataset and per reviewer."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from operator import length_hint
from statistics import median
from typing import TypeAlias, TypeVar

from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import dataset_names, find_dataset
from annotation.verdicts import Flag, find_flags
from db.records import Review

T = TypeVar("T")
ProgressCallback: TypeAlias = Callable[[int, int], None]
"""A callback that receives the number of finished items and the total number of items."""

BREAK = timedelta(minutes=10)
"""A longer gap between two answers is a break and doesn't count as working time."""
POLL_SECONDS = 3.0


@dataclass(frozen=True)
class DatasetProgress:
    """The number of records in a dataset, and how many of them have all required reviews."""

    total: int
    completed: int


@dataclass(frozen=True)
class ReviewerSpeed:
    """How many records a reviewer has finished, how many remain, and how long each one takes.

    `time_per_record` is the median time between two consecutive answers, excluding breaks.
    `time_per_record` and `time_left` are None until the reviewer has given two answers without a
    break between them.
    """

    reviewer: str
    done: int
    left: int
    time_per_record: timedelta | None
    time_left: timedelta | None


@dataclass(frozen=True)
class ReviewProgress:
    """The progress of several datasets and their reviewers, and all flagged records."""

    datasets: tuple[tuple[str, DatasetProgress], ...]
    reviewers: tuple[ReviewerSpeed, ...]
    flags: tuple[Flag, ...]


def batches(
    items: Iterable[T], size: int, on_progress: ProgressCallback | None = None
) -> Iterator[list[T]]:
    """Split items into lists of up to `size`, and report progress after each list."""
    total, done, remaining = length_hint(items), 0, iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
        done += len(batch)
        if on_progress:
            on_progress(done, max(done, total))


def dataset_progress(connection: Connection, dataset: str) -> DatasetProgress:
    """Return how many records a dataset has and how many are completed, according to Argilla.

    Raises `AnnotationError` if the server or the dataset can't be found.
    """
    with connect(connection) as server:
        counts = server.get(f"datasets/{find_dataset(server, dataset).id}/progress")
    return DatasetProgress(int(counts["total"]), int(counts["completed"]))


def wait_for_reviews(connection: Connection, dataset: str, on_progress: ProgressCallback) -> None:
    """Wait until all records in a dataset have all required reviews."""
    while True:
        progress = dataset_progress(connection, dataset)
        on_progress(progress.completed, progress.total)
        if progress.completed >= progress.total:
            return
        time.sleep(POLL_SECONDS)


def review_progress(
    connection: Connection,
    datasets: Sequence[str],
    reviews: Sequence[Review],
    assigned_counts: Mapping[str, int],
    adjudication_datasets: Collection[str] = (),
) -> ReviewProgress:
    """Return the progress of the datasets in Argilla, and of each reviewer in the pulled reviews.

    Datasets that don't exist in Argilla are skipped. `assigned_counts` maps reviewers to their
    number of assigned records. Reviewers who aren't in `assigned_counts` may review every record
    outside the adjudication datasets.
    """
    existing = dataset_names(connection)
    counts = tuple((d, dataset_progress(connection, d)) for d in datasets if d in existing)
    records = sum(count.total for name, count in counts if name not in adjudication_datasets)
    speeds = reviewer_speeds(reviews, records, assigned_counts)
    return ReviewProgress(counts, tuple(speeds), tuple(find_flags(reviews)))


def reviewer_speeds(
    reviews: Iterable[Review], records: int, assigned_counts: Mapping[str, int] | None = None
) -> list[ReviewerSpeed]:
    """Return each reviewer's speed, sorted by the reviewers' names.

    `records` is the number of records for each reviewer who isn't in `assigned_counts`.
    """
    times: dict[str, list[datetime]] = defaultdict(list)
    for review in reviews:
        times[review.reviewer].append(datetime.fromisoformat(review.submitted_at))
    counts = assigned_counts or {}
    names = sorted({*times, *counts})
    return [_speed(name, sorted(times[name]), counts.get(name, records)) for name in names]


def _speed(name: str, times: list[datetime], records: int) -> ReviewerSpeed:
    gaps = [later - earlier for earlier, later in pairwise(times)]
    seconds = [gap.total_seconds() for gap in gaps if gap <= BREAK]
    left = max(0, records - len(times))
    per_record = timedelta(seconds=median(seconds)) if seconds else None
    return ReviewerSpeed(name, len(times), left, per_record, per_record and left * per_record)

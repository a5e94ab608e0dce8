"""How fast each reviewer goes, and how long the rest will take."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from db.records import Review

# Two answers further apart than this are not one sitting.
BREAK = timedelta(minutes=10)


@dataclass(frozen=True)
class Pace:
    """One reviewer's progress; the times are None until two answers were given in one sitting.

    Attributes:
        reviewer: Who.
        done: Records answered or discarded.
        left: Records of the dataset that this reviewer has not touched.
        a_record: The median time from one answer to the next, breaks left out.
        needed: How long what is left takes at that pace.
    """

    reviewer: str
    done: int
    left: int
    a_record: timedelta | None
    needed: timedelta | None


def paces(
    reviews: Iterable[Review], records: int, handed: Mapping[str, int] | None = None
) -> list[Pace]:
    """Each reviewer's pace over so many records, or over those they are handed, by name."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    for review in reviews:
        moments[review.reviewer].append(datetime.fromisoformat(review.submitted_at))
    share = handed or {}
    names = sorted({*moments, *share})
    return [_pace(name, sorted(moments[name]), share.get(name, records)) for name in names]


def _pace(name: str, moments: list[datetime], records: int) -> Pace:
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    sitting = [gap.total_seconds() for gap in gaps if gap <= BREAK]
    left = max(0, records - len(moments))
    if not sitting:
        return Pace(name, len(moments), left, None, None)
    a_record = timedelta(seconds=median(sitting))
    return Pace(name, len(moments), left, a_record, left * a_record)

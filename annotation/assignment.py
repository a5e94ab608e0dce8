"""Assign records to reviewers, and select the records of the calibration set.

Because records are assigned and selected by their hashes, pushing them again gives the same result,
and few records are reassigned when a reviewer joins or leaves.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from db.records import digest


def in_calibration_set(record: str, campaign: str, share: float) -> bool:
    """Return whether a record is in the calibration set, a pseudo-random `share` of all records.

    If `share` is increased later, records are added to the calibration set, but none are removed.
    """
    return int(digest(f"calibration\n{campaign}\n{record}"), 16) < share * 2**256


def assign_reviewers(record: str, reviewers: Sequence[str], overlap: int) -> tuple[str, ...]:
    """Choose `overlap` reviewers for a record, so that records are distributed evenly.

    Reviewers are chosen by rendezvous hashing (Thaler and Ravishankar, 1998): each reviewer's name
    is hashed together with the record, and the reviewers with the lowest hashes are chosen.
    """
    order = sorted(set(reviewers), key=lambda name: digest(f"reviewer\n{name}\n{record}"))
    return tuple(sorted(order[:overlap]))


def count_assignments(overlaps: Mapping[str, int], reviewers: Sequence[str]) -> dict[str, int]:
    """Count the records per reviewer; `overlaps` maps each record to its number of reviewers."""
    counts = Counter(dict.fromkeys(reviewers, 0))
    for record, overlap in overlaps.items():
        counts.update(assign_reviewers(record, reviewers, overlap))
    return dict(counts)

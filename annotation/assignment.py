"""Which reviewers get which records, and which records calibrate the reviewers.

Hashes decide both, so nobody chooses, a second push changes nothing, and few records move to
another reviewer when one joins or leaves.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from db.records import digest


def in_calibration_set(record: str, campaign: str, share: float) -> bool:
    """Whether a record is in a campaign's calibration set, about `share` of all records.

    A record that is in the set at one share is also in it at every larger share.
    """
    return int(digest(f"calibration\n{campaign}\n{record}"), 16) < share * 2**256


def assign_reviewers(record: str, reviewers: Sequence[str], overlap: int) -> tuple[str, ...]:
    """Choose a record's `overlap` reviewers; each reviewer gets about the same number of records.

    Rendezvous hashing (Thaler and Ravishankar, 1998): the lowest hashes of name and record win.
    """
    order = sorted(set(reviewers), key=lambda name: digest(f"reviewer\n{name}\n{record}"))
    return tuple(sorted(order[:overlap]))


def count_assignments(overlaps: Mapping[str, int], reviewers: Sequence[str]) -> dict[str, int]:
    """How many records each reviewer gets; `overlaps` maps a record to its number of reviewers."""
    counts = Counter(dict.fromkeys(reviewers, 0))
    for record, overlap in overlaps.items():
        counts.update(assign_reviewers(record, reviewers, overlap))
    return dict(counts)

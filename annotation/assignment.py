"""Which reviewers get which records, and which records calibrate the reviewers.

Both depend on hashes of the record alone: nobody chooses, a second push changes nothing, and as
few records as possible move when a reviewer joins or leaves.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from db.records import digest


def in_calibration_set(record: str, campaign: str, share: float) -> bool:
    """Whether a record is in a campaign's calibration set, which holds about `share` of all.

    A record that is in the set at one share is also in it at every larger share.
    """
    return int(digest(f"calibration\n{campaign}\n{record}"), 16) < share * 2**256


def assign_reviewers(record: str, reviewers: Sequence[str], overlap: int) -> tuple[str, ...]:
    """The `overlap` reviewers of a record, by name; all reviewers get about as many records.

    Rendezvous hashing (Thaler and Ravishankar, 1998): the first few by a hash of name and record.
    """
    order = sorted(set(reviewers), key=lambda name: digest(f"reviewer\n{name}\n{record}"))
    return tuple(sorted(order[:overlap]))


def count_assignments(overlaps: Mapping[str, int], reviewers: Sequence[str]) -> dict[str, int]:
    """How many records each reviewer gets; `overlaps` maps a record to its number of reviewers."""
    counts = Counter(dict.fromkeys(reviewers, 0))
    for record, overlap in overlaps.items():
        counts.update(assign_reviewers(record, reviewers, overlap))
    return dict(counts)

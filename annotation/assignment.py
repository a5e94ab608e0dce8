"""Who judges what: records set apart for calibration, and records handed to named reviewers.

Both are settled by hashes of the record alone, so that nobody chooses, pushing again changes
nothing, and a reviewer who joins or leaves moves no more records than need be.
"""

from collections.abc import Sequence

from db.records import digest


def is_set_apart(record: str, campaign: str, share: float) -> bool:
    """Whether a record belongs to a campaign's calibration set, of about this share of all.

    Whoever is in at one share is in at every larger one.
    """
    return int(digest(f"calibration\n{campaign}\n{record}"), 16) < share * 2**256


def assigned(record: str, reviewers: Sequence[str], overlap: int) -> tuple[str, ...]:
    """The reviewers of a record, by name; each gets about as many records as the next.

    Rendezvous hashing (Thaler and Ravishankar, 1998): the first few by a hash of name and record.
    """
    order = sorted(set(reviewers), key=lambda name: digest(f"reviewer\n{name}\n{record}"))
    return tuple(sorted(order[:overlap]))

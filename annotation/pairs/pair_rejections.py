"""The reasons why an edit, verdict, rewrite or vote doesn't become a preference pair."""

from enum import StrEnum

from db.records import Rejection

STAGE = "pairs"
"""The stage of these rejections."""


class PairRejection(StrEnum):
    """Why there is no pair, as stored in a rejection and counted for a version."""

    NO_PROMPT = "no prompt"
    EDITED_PROMPT = "edited prompt"
    NOTHING_BETTER = "no approved answer"
    WITHOUT_LOSS = "answer without loss"
    IDENTICAL = "identical answers"
    EMPTY = "empty answer"
    FAILS_GATE = "chosen answer fails a gate"
    DUPLICATE = "duplicate pair"
    OPPOSITE = "opposite pairs"
    HELD_OUT = "vote on a held-out prompt"
    FLAGGED = "flagged comparison"
    CONTRADICTORY = "contradictory votes"
    NO_PREFERENCE = "no preference"


def reject_pair(scope: str, subject: str, reason: PairRejection, detail: str) -> Rejection:
    """Return the rejection of a pair of a candidate or comparison (`subject`)."""
    return Rejection(scope=scope, stage=STAGE, subject=subject, reason=reason.value, detail=detail)

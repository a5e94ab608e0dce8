"""Records that a reviewer flagged as harmful or broken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from db.records import Review

FLAGS = ("harmful", "broken")
QUESTION = "reasons"


@dataclass(frozen=True)
class Flag:
    """A reviewer's mark on a record; `kind` is one of `FLAGS`."""

    subject: str
    reviewer: str
    kind: str


def find_flags(reviews: Iterable[Review]) -> Iterator[Flag]:
    """The flags in some reviews, including discarded ones."""
    for review in reviews:
        reasons = review.answer(QUESTION)
        for kind in FLAGS:
            if isinstance(reasons, tuple) and kind in reasons:
                yield Flag(review.subject, review.reviewer, kind)

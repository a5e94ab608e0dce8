"""Records that somebody flagged as harmful or broken, judged or set aside."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from db.records import Review

FLAGS = ("harmful", "broken")
QUESTION = "reasons"


@dataclass(frozen=True)
class Flag:
    """What a reviewer flagged a record as."""

    subject: str
    reviewer: str
    kind: str


def flags(reviews: Iterable[Review]) -> Iterator[Flag]:
    """The flags in some reviews; one in a discarded review counts like any other.

    Args:
        reviews: The current reviews.

    Yields:
        Flag: One for each reviewer, record and kind.
    """
    for review in reviews:
        said = review.answer(QUESTION)
        for kind in FLAGS:
            if isinstance(said, tuple) and kind in said:
                yield Flag(review.subject, review.reviewer, kind)

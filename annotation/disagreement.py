"""The records to talk over: where reviewers are furthest apart on a question."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from annotation.agreement import answers
from annotation.scales import in_words, scale_of
from db.records import Review


@dataclass(frozen=True)
class Disagreement:
    """A record on which reviewers differ; `distance` is 1 for the furthest apart there are.

    `said` is what each reviewer answered, in words, by the reviewer's name.
    """

    subject: str
    question: str
    said: tuple[tuple[str, str], ...]
    distance: float


def disagreements(reviews: Iterable[Review], question: str) -> list[Disagreement]:
    """Every record on which submitted reviews differ, the furthest apart first."""
    sheet = answers(reviews, question)
    scale = scale_of(question)
    domain = scale.domain(value for row in sheet.values() for value in row.values())  # type: ignore[misc]
    place = {value: n for n, value in enumerate(domain)}
    penalties = scale.penalties(domain)
    largest = penalties.max(initial=0) or 1.0
    found = [
        Disagreement(
            subject,
            question,
            tuple((name, in_words(row[name])) for name in sorted(row)),
            max(float(penalties[place[a], place[b]]) for a, b in combinations(row.values(), 2))
            / float(largest),
        )
        for subject, row in sheet.items()
        if len(set(row.values())) > 1
    ]
    return sorted(found, key=lambda one: (-one.distance, one.subject))

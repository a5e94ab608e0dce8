"""What to generate: for which campaign, by which teacher, from which seed, how much."""

from dataclasses import dataclass
from pathlib import Path

from db.records import CandidateKind


@dataclass(frozen=True)
class GenerationPlan:
    """One run of a pipeline.

    `limit` is the most candidates to hand on (None: as many as there are); `journal` the file
    that keeps every reply, so that a run broken off goes on where it was; `kinds` is what a
    persona pipeline writes about each topic.
    """

    campaign: str
    teacher: str = "phrasebook"
    seed: int = 0
    limit: int | None = None
    journal: Path | None = None
    questions_per_passage: int = 1
    kinds: tuple[CandidateKind, ...] = (
        CandidateKind.STATEMENT,
        CandidateKind.DIALOGUE,
        CandidateKind.DOCUMENT,
    )

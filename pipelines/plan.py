"""What to generate: for which campaign, by which teacher, from which seed, how much."""

from dataclasses import dataclass, field
from pathlib import Path

from db.records import CandidateKind


@dataclass(frozen=True)
class GenerationPlan:
    """One run of a pipeline.

    `limit` is the most candidates to hand on (None: as many as there are); `journal` the file
    that keeps every reply, so that a run broken off goes on where it was; `kinds` is what a
    persona pipeline writes about each topic. The key, temperature, longest reply (in tokens) and
    most requests side by side are for teachers behind an endpoint.
    """

    campaign: str
    teacher: str = "phrasebook"
    seed: int = 0
    limit: int | None = None
    journal: Path | None = None
    questions_per_passage: int = 1
    api_key: str = field(default="", repr=False)
    temperature: float = 0.7
    max_tokens: int = 1024
    concurrency: int = 16
    kinds: tuple[CandidateKind, ...] = (
        CandidateKind.STATEMENT,
        CandidateKind.DIALOGUE,
        CandidateKind.DOCUMENT,
    )

"""What to generate: for which campaign, by which teacher, from which seed, how much."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from db.records import Candidate, CandidateKind
from pipelines.journal import Reply
from pipelines.meter import Meter
from pipelines.prompting import Chat

BATCH = 256
"""Rows that go through a pipeline together."""

Write: TypeAlias = Callable[[Sequence[Chat]], Sequence[Reply | None]]
"""Replies of a model that another stage loads; None for a chat that is too long for it."""
Embed: TypeAlias = Callable[[Sequence[str]], Any]
"""Texts as rows of numbers, each of length 1, whose product is how alike two texts are."""


@dataclass(frozen=True)
class Lent:
    """What other stages lend a run: a writer, an embedder, and the texts that there are already.

    `writer` loads its model when called, which is done where the model is to write. `earlier` are
    the campaign's stored candidates, which new ones must not repeat.
    """

    writer: Callable[[], Write] | None = None
    embed: Embed | None = None
    earlier: Iterable[Candidate] = ()


@dataclass(frozen=True)
class GenerationPlan:
    """One run of a pipeline.

    `limit` is the most candidates to hand on (None: as many as there are); `journal` the file
    that keeps every reply, so that a run broken off goes on where it was; `kinds` is what a
    persona pipeline writes about each topic. The key, temperature, longest reply (in tokens) and
    most requests side by side are for teachers that are models; `meter` counts what they cost.
    `retry` asks once more, with the reason, for each text that a check refused; `rehearse` asks
    nobody and only counts what would be asked; `ray` is the address of a Ray
    cluster that the teacher replies on (“auto”: whichever runs on this machine).
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
    batch: int = BATCH
    retry: bool = False
    rehearse: bool = False
    ray: str = ""
    meter: Meter = field(default_factory=Meter)
    lent: Lent = field(default_factory=Lent)

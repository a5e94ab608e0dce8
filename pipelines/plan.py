"""The plan of a generation run: the campaign, teacher, seed and limits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from db.records import Candidate, CandidateKind
from pipelines.journal import Reply
from pipelines.meter import Meter
from pipelines.prompting import ChatMessages
from pipelines.teachers.endpoints.dialect import Dialect
from pipelines.worked_examples import WorkedExample

BATCH = 256
"""The number of rows that pass through a pipeline as one batch."""

ReplyFn: TypeAlias = Callable[[Sequence[ChatMessages]], Sequence[Reply | None]]
"""Answers chats with a local model, and returns None for chats that exceed its context."""
EmbedFn: TypeAlias = Callable[[Sequence[str]], Any]
"""Embeds texts as unit vectors (one row per text), whose dot product is their similarity."""


@dataclass(frozen=True)
class VoiceRules:
    """The rules that generated texts must follow, based on the criteria of a tone or persona.

    Attributes:
        requirements: What the criteria require, described in words for the teacher.
        unstated: The requirements that the built-in prompts about passages don't already contain.
        language: The name of the language of the texts, or an empty string for English.
        find_violation: Returns the first thing in a text that a criterion forbids, or an empty
            string.
        shortest: The minimum number of words in an answer, or None for the default.
        longest: The maximum number of words in an answer, or None for the default.
    """

    requirements: tuple[str, ...] = ()
    unstated: tuple[str, ...] = ()
    language: str = ""
    find_violation: Callable[[str], str] = lambda _: ""
    shortest: int | None = None
    longest: int | None = None


@dataclass(frozen=True)
class Resources:
    """What a run gets from other packages: a local model, an embedder, existing texts and rules.

    `writer` loads a local model and returns a function that generates replies. `writer` is called
    in the process in which the teacher runs. New candidates must not repeat the candidates in
    `existing`.
    """

    writer: Callable[[], ReplyFn] | None = None
    embed: EmbedFn | None = None
    existing: Iterable[Candidate] = ()
    rules: VoiceRules = field(default_factory=VoiceRules)


def ignore_message(message: str) -> None:
    """Discard a progress message."""


@dataclass(frozen=True)
class GenerationPlan:
    """The settings of one pipeline run.

    `limit` is the maximum number of candidates, or None for no limit. `journal` is the file that
    stores every reply, so that an interrupted run can continue. `kinds` lists the kinds of text
    that a persona pipeline writes about each topic. `examples` replaces the worked examples of the
    tone or persona. `turns` is the number of turns in each conversation of a tone campaign: 2, 4 or
    6. `prompts` is a folder with prompt files that replace the built-in files. `api_key`,
    `temperature`, `max_tokens` (per reply) and `concurrency` (the number of simultaneous requests)
    only affect teachers that are models. `meter` tracks the cost, and `dialect` records which
    request parameters the model accepts.

    If `retry` is true, each rejected text is requested once more, and the prompt contains the
    reason for the rejection. If `keep_going` is true, a run continues even if its first texts fail
    for the same reason. `dry_run` only counts the requests that the run would make. `ray` is the
    address of the Ray cluster that runs the teacher; “auto” means the cluster on this machine.
    `by_batches` sends prompts to the provider's batch API, and `on_message` is called with progress
    messages from the API.
    """

    campaign: str
    teacher: str = "phrasebook"
    seed: int = 0
    limit: int | None = None
    journal: Path | None = None
    questions_per_passage: int = 1
    api_key: str = field(default="", repr=False)
    temperature: float = 0.7
    top_p: float | None = None
    max_tokens: int = 1024
    concurrency: int = 16
    kinds: tuple[CandidateKind, ...] = (
        CandidateKind.STATEMENT,
        CandidateKind.DIALOGUE,
        CandidateKind.DOCUMENT,
    )
    examples: tuple[WorkedExample, ...] = ()
    turns: int = 2
    prompts: Path | None = None
    batch: int = BATCH
    retry: bool = False
    keep_going: bool = False
    dry_run: bool = False
    ray: str = ""
    by_batches: bool = False
    on_message: Callable[[str], None] = ignore_message
    meter: Meter = field(default_factory=Meter)
    dialect: Dialect = field(default_factory=Dialect)
    resources: Resources = field(default_factory=Resources)

    def with_rules(
        self, rules: VoiceRules, examples: tuple[WorkedExample, ...]
    ) -> "GenerationPlan":
        """Return this plan with other rules and worked examples, and without other resources."""
        return replace(self, resources=Resources(rules=rules), examples=examples)

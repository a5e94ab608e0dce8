"""The teacher `recorded:NAME`, which replays recorded replies and works offline.

A recording is a folder with a card, which describes the model and its settings, and the journal of
the run in which the replies were generated. A recording can only answer the prompts of the recorded
run.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from db.records import canonical
from pipelines.errors import TeacherError
from pipelines.journal import Journal, cache_key
from pipelines.plan import GenerationPlan
from pipelines.teachers.completion import Completion, Prompt, Teacher

NOT_RECORDED = "no recorded reply"
_FOLDER = Path(__file__).parent / "recordings"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RecordingCard:
    """A description of how the replies in a recording were created."""

    description: str = Field(
        description="Description of the replies that is shown on version cards."
    )
    date: str = Field(description="Date on which the replies were written or recorded.")
    teacher: str = Field(description="Name of the teacher whose replies were recorded.")
    model: str = Field(
        default="",
        description="Name and licence of the model (empty if the replies don't come from a model).",
    )
    quantisation: str = Field(default="", description="Quantisation of the model's weights.")
    temperature: float = Field(default=0.0, description="Sampling temperature.")
    max_tokens: int = Field(default=0, description="Maximum number of tokens in a reply.")
    seed: int = Field(default=0, description="Random seed of the recorded run.")

    @property
    def provenance(self) -> str:
        """The card as canonical JSON, for the provenance of candidates."""
        return canonical({name: value for name, value in vars(self).items() if value})

    @property
    def parameters(self) -> str:
        """The parameters of the recorded run, which are part of the keys in its journal."""
        return canonical({"temperature": self.temperature, "max_tokens": self.max_tokens})


class RecordedLLM(Teacher):
    """A teacher that looks up each prompt in a recording."""

    recording: str

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return the recorded replies; a prompt that wasn't in the recorded run gets no reply."""
        card, journal = read_card(self.recording), _journal(self.recording)
        keys = [cache_key(card.teacher, card.parameters, card.seed, p.chat) for p in prompts]
        replies = journal.lookup(keys)
        return [
            Completion(reply.text, reply.input_tokens, reply.output_tokens)
            if (reply := replies.get(key))
            else Completion(None, reason=NOT_RECORDED)
            for key in keys
        ]


def build_recorded(plan: GenerationPlan, recording: str, url: str) -> RecordedLLM:
    """Create the teacher for a recording.

    Raises `TeacherError` if the plan has a URL or a seed other than the recorded one.
    """
    card = read_card(recording)
    if url:
        raise TeacherError(f"“recorded:” takes no URL ({url}). Remove it.")
    if plan.seed != card.seed:
        raise TeacherError(
            f"The replies of “recorded:{recording}” were recorded with the seed {card.seed}, but "
            f"the campaign has the seed {plan.seed}. Set `seed = {card.seed}` in [generate]."
        )
    return RecordedLLM(name=plan.teacher, recording=recording)


@cache
def read_card(recording: str) -> RecordingCard:
    """Read the card of a recording. Raises `TeacherError` if the recording doesn't exist."""
    names = sorted(path.parent.name for path in _FOLDER.glob("*/card.toml"))
    if recording not in names:
        raise TeacherError(
            f"There's no recording “{recording}”. Choose one of these: {', '.join(names)}."
        )
    data: dict[str, Any] = tomllib.loads((_FOLDER / recording / "card.toml").read_text("utf-8"))
    return RecordingCard(**data)


def replies_path(recording: str) -> Path:
    """Return the path of a recording's journal."""
    return _FOLDER / recording / "replies.jsonl"


@cache
def _journal(recording: str) -> Journal:
    return Journal.read_only(replies_path(recording))

"""The input and output types of every check."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from db.records import Candidate, Role
from pipelines.plan import VoiceRules
from pipelines.voices.persona import Persona


@dataclass(frozen=True)
class Failure:
    """Why a text fails a check: a reason from a fixed list, and a detail.

    Failures can be counted by reason.
    """

    reason: str
    detail: str


@dataclass(frozen=True)
class CheckInput:
    """A candidate with the passage, language and persona against which it is checked."""

    candidate: Candidate
    passage: str = ""
    language: str = "en"
    persona: Persona | None = None
    rules: VoiceRules = field(default_factory=VoiceRules)

    @property
    def text(self) -> str:
        """Return the text that reviewers see."""
        return self.candidate.review_text

    @property
    def assistant_text(self) -> str:
        """Return what the assistant says in a chat, or the whole statement or document."""
        turns = (m.content for m in self.candidate.messages if m.role is Role.ASSISTANT)
        return self.candidate.text or " ".join(turns)


Check: TypeAlias = Callable[[CheckInput], Failure | None]
"""A function that returns the reason why a text fails, or None if it passes."""

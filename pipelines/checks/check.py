"""What every check receives and returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from db.records import Candidate, Role
from pipelines.voices.persona import Persona


@dataclass(frozen=True)
class Failure:
    """Why a text fails a check: a reason from a short list, so it can be counted, and details."""

    reason: str
    detail: str


@dataclass(frozen=True)
class CheckInput:
    """A candidate and what checks compare it with: its passage, language and persona."""

    candidate: Candidate
    passage: str = ""
    language: str = "en"
    persona: Persona | None = None

    @property
    def text(self) -> str:
        """The text that people would review."""
        return self.candidate.review_text

    @property
    def assistant_text(self) -> str:
        """What the assistant says in a chat, or the whole statement or document."""
        turns = (m.content for m in self.candidate.messages if m.role is Role.ASSISTANT)
        return self.candidate.text or " ".join(turns)


Check: TypeAlias = Callable[[CheckInput], Failure | None]
"""A function that returns why a text fails, or None if it passes."""

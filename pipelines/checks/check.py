"""The input and output types of every check."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from db.records import Candidate, Role
from pipelines.voices.persona import Persona


@dataclass(frozen=True)
class Failure:
    """Why a text fails a check: details, and a reason from a fixed list that can be counted."""

    reason: str
    detail: str


@dataclass(frozen=True)
class CheckInput:
    """A candidate, and the passage, language and persona that checks compare it with."""

    candidate: Candidate
    passage: str = ""
    language: str = "en"
    persona: Persona | None = None

    @property
    def text(self) -> str:
        """Return the text that people would review."""
        return self.candidate.review_text

    @property
    def assistant_text(self) -> str:
        """Return what the assistant says in a chat, or the whole statement or document."""
        turns = (m.content for m in self.candidate.messages if m.role is Role.ASSISTANT)
        return self.candidate.text or " ".join(turns)


Check: TypeAlias = Callable[[CheckInput], Failure | None]
"""A function that returns the reason why a text fails, or None if it passes."""

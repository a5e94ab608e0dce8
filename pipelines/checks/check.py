"""The input and output types of every check."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from db.records import Candidate, CandidateKind, Role
from pipelines.plan import VoiceRules
from pipelines.voices.persona import Persona


@dataclass(frozen=True)
class Failure:
    """Why a text failed a check: a reason from a fixed list, and a detail.

    Because the list of reasons is fixed, failures can be counted by reason.
    """

    reason: str
    detail: str


@dataclass(frozen=True)
class CheckInput:
    """A candidate, and the passage, language and persona that are needed to check it."""

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
    def is_rewritten(self) -> bool:
        """Return whether the candidate's answers are rewrites of plain or original answers."""
        candidate = self.candidate
        is_conversation = candidate.kind is CandidateKind.CONVERSATION
        return is_conversation or (candidate.kind is CandidateKind.DIALOGUE and self.has_reference)

    @property
    def has_reference(self) -> bool:
        """Return whether the candidate has a plain or original answer to compare with."""
        return bool(self.candidate.reference)

    @property
    def answers(self) -> tuple[str, ...]:
        """Return the assistant's answers that are included in the training loss."""
        turns = self.candidate.messages
        return tuple(m.content for m in turns if m.role is Role.ASSISTANT and m.has_loss)

    @property
    def source(self) -> str:
        """Return the texts from which an answer may take facts, such as passage and question."""
        asked = (m.content for m in self.candidate.messages if m.role is not Role.ASSISTANT)
        facts = self.passage or self.candidate.reference
        return "\n".join((facts, self.candidate.question, *asked))

    @property
    def assistant_text(self) -> str:
        """Return what the assistant says in a chat, or the whole statement or document."""
        turns = (m.content for m in self.candidate.messages if m.role is Role.ASSISTANT)
        return self.candidate.text or " ".join(turns)


Check: TypeAlias = Callable[[CheckInput], Failure | None]
"""A function that returns the reason why a text fails, or None if it passes."""

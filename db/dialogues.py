"""The parts of a rewritten dialogue: its original answers, and the passage in its first turn."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from db.records import Candidate

TURN_BREAK = "\n\n———\n\n"
"""What separates the original answers in the reference of a dialogue."""


def find_opening(candidate: "Candidate") -> str:
    """The passage before the question in a dialogue's first turn; empty if there is none."""
    first, question = candidate.messages[:1], candidate.question
    has_question = bool(first and question) and first[0].content.endswith(question)
    is_dialogue = has_question and candidate.kind == "dialogue"
    return first[0].content.removesuffix(question) if is_dialogue else ""

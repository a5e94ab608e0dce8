"""The structure of generated dialogues: the passage at the start and the original answers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from db.records import Candidate

TURN_BREAK = "\n\n———\n\n"
"""The separator between the original answers in the `reference` field of a dialogue."""


def find_opening(candidate: "Candidate") -> str:
    """Return the passage before the question in a dialogue's first turn, or "" if there is none."""
    first, question = candidate.messages[:1], candidate.question
    has_question = bool(first and question) and first[0].content.endswith(question)
    is_dialogue = has_question and candidate.kind == "dialogue"
    return first[0].content.removesuffix(question) if is_dialogue else ""

"""Chats that there are already, one JSON object a line, to be judged and trained on as they are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.records import Candidate, CandidateKind, Message, Provenance, Rejection, Role, canonical
from pipelines.checks.candidates import CampaignChecks, judged
from pipelines.checks.finding import Finding
from pipelines.errors import SourceError
from pipelines.storable import is_storable, storable

EXPECTED = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'


@dataclass(frozen=True)
class Chats:
    """A file of chats, the campaign they are for, and what may be done with them.

    `persona` is how a persona campaign calls its persona, None for a tone.
    """

    path: Path
    campaign: str
    licence: str
    persona: str | None = None


def existing_chats(chats: Chats, checks: CampaignChecks) -> Iterator[Candidate | Rejection]:
    """A candidate for each chat of the file, or why it is none.

    A tone's chat of one exchange is a conversation, any other a dialogue. It is refused if it is
    no chat, in another language, holds private data, or repeats another one.

    Raises `SourceError` if the file cannot be read.
    """
    try:
        with chats.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _checked(line, number, chats, checks)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"found {chats.path.name} unreadable ({type(error).__name__}), expected a UTF-8 file "
            f"with a line {EXPECTED} for each chat; check the path"
        ) from error


def _checked(line: str, number: int, chats: Chats, checks: CampaignChecks) -> Candidate | Rejection:
    candidate = _candidate(line, chats)
    found = checks.existing(candidate) if isinstance(candidate, Candidate) else candidate
    if isinstance(candidate, Candidate) and found is None:
        return candidate
    found = found or Finding("no chat", "")
    return Rejection(
        scope=chats.campaign,
        stage="check",
        subject=f"{chats.path.name}:{number}",
        reason=found.reason,
        detail=found.detail,
        text=judged(candidate) if isinstance(candidate, Candidate) else storable(line.strip()),
    )


def _candidate(line: str, chats: Chats) -> Candidate | Finding:
    try:
        messages = tuple(_message(turn) for turn in json.loads(line)["messages"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Finding("no chat", f"expected {EXPECTED} ({type(error).__name__})")
    turns = [message for message in messages if message.role is not Role.SYSTEM]
    if not turns or not is_storable([message.content for message in messages]):
        return Finding("no chat", "no turns" if not turns else "a character that cannot be stored")
    single = chats.persona is None and len(messages) == len(turns) == 2  # question and answer
    return Candidate(
        campaign=chats.campaign,
        kind=CandidateKind.CONVERSATION if single else CandidateKind.DIALOGUE,
        provenance=Provenance(
            (), f"chats:{chats.path.name}", canonical({"licence": chats.licence}), 0
        ),
        messages=messages,
        question=turns[0].content if single else "",
        persona=chats.persona,
    )


def _message(turn: dict[str, Any]) -> Message:
    content = turn["content"].strip()
    if not content:
        raise ValueError("an empty turn")
    return Message(Role(turn["role"]), content)

"""Import existing chats, one JSON object per line, into a campaign."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.records import Candidate, CandidateKind, Message, Provenance, Rejection, Role, canonical
from pipelines.checks.campaign import IMPORTED, CampaignChecks
from pipelines.checks.check import Failure
from pipelines.errors import SourceError
from pipelines.plan import Resources
from pipelines.text.storable import is_storable, make_storable

EXPECTED = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'


@dataclass(frozen=True)
class ChatImport:
    """A file of chats with their licence, and the campaign that imports them.

    `persona` is the label of the campaign's persona, None for a tone. `existing` are the
    campaign's candidates, which the chats must not repeat.
    """

    path: Path
    campaign: str
    licence: str
    language: str = "en"
    persona: str | None = None
    existing: Iterable[Candidate] = ()


def import_chats(source: ChatImport) -> Iterator[Candidate | Rejection]:
    """Yield a candidate or a rejection for each chat of a file.

    In a tone's campaign a chat of one exchange is a conversation; any other chat is a dialogue. A
    chat is rejected if it is malformed, in another language, has personal data or repeats another.

    Raises `SourceError` if the file can't be read.
    """
    resources = Resources(existing=source.existing)
    checks = CampaignChecks(source.language, resources=resources, checks=IMPORTED)
    try:
        with source.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _import(line, number, source, checks)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{source.path.name} can't be read ({type(error).__name__}). It must be a UTF-8 file "
            f"with one chat per line, like {EXPECTED}"
        ) from error


def _import(
    line: str, number: int, source: ChatImport, checks: CampaignChecks
) -> Candidate | Rejection:
    candidate = _parse(line, source)
    if isinstance(candidate, Candidate):
        failure, text = checks.run(candidate), candidate.review_text
        if failure is None:
            return candidate
    else:
        failure, text = candidate, make_storable(line.strip())
    return Rejection(
        scope=source.campaign,
        stage="check",
        subject=f"{source.path.name}:{number}",
        reason=failure.reason,
        detail=failure.detail,
        text=text,
    )


def _parse(line: str, source: ChatImport) -> Candidate | Failure:
    try:
        messages = tuple(_message(turn) for turn in json.loads(line)["messages"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Failure("no chat", f"expected {EXPECTED} ({type(error).__name__})")
    turns = [message for message in messages if message.role is not Role.SYSTEM]
    if not turns:
        return Failure("no chat", "no turns")
    if not is_storable([message.content for message in messages]):
        return Failure("no chat", "a character that cannot be stored")
    is_conversation = source.persona is None and len(messages) == len(turns) == 2
    parameters = canonical({"licence": source.licence})
    return Candidate(
        campaign=source.campaign,
        kind=CandidateKind.CONVERSATION if is_conversation else CandidateKind.DIALOGUE,
        provenance=Provenance((), f"chats:{source.path.name}", parameters, 0),
        messages=messages,
        question=turns[0].content if is_conversation else "",
        persona=source.persona,
    )


def _message(turn: dict[str, Any]) -> Message:
    content = turn["content"].strip()
    if not content:
        raise ValueError("an empty turn")
    return Message(Role(turn["role"]), content)

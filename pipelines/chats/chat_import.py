"""Import a file of existing chats into a campaign."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from db.records import Candidate, CandidateKind, Provenance, Rejection, Role, canonical
from pipelines.chats.formats import ChatFormat, detect_format
from pipelines.chats.messages import ParsedChat, UnusableChatError, read_messages
from pipelines.chats.rows import Row, read_rows
from pipelines.checks.campaign import IMPORTED, CampaignChecks
from pipelines.checks.check import Failure
from pipelines.errors import SourceError
from pipelines.plan import Resources
from pipelines.text.storable import is_storable, make_storable

_SAMPLE = 100
"""The number of rows that are checked to detect the format of a file."""


@dataclass(frozen=True)
class ChatImport:
    """A file of chats, its licence, and the campaign that imports it.

    `persona` is the label of the campaign's persona, or None in a tone campaign. `existing`
    contains the campaign's candidates, which the chats must not repeat. `changes` counts the
    changes that the import made to accepted chats.
    """

    path: Path
    campaign: str
    licence: str
    language: str = "en"
    persona: str | None = None
    existing: Iterable[Candidate] = ()
    changes: Counter[str] = field(default_factory=Counter)


def import_chats(source: ChatImport) -> Iterator[Candidate | Rejection]:
    """Yield a candidate or a rejection for each chat in a file.

    In a tone campaign, a chat with a single exchange becomes a conversation candidate. All other
    chats become dialogue candidates. A chat is rejected if it's malformed, uses tools, is in a
    different language from the campaign, contains personal data or repeats another chat.

    Raises `SourceError` if the file can't be read, is empty or has an unknown format.
    """
    resources = Resources(existing=source.existing)
    checks = CampaignChecks(source.language, resources=resources, checks=IMPORTED)
    rows = read_rows(source.path)
    sample = list(islice(rows, _SAMPLE))
    if not sample:
        raise SourceError(
            f"{source.path.name} contains no chats. Check that this is the right file."
        )
    chat_format = detect_format(source.path.name, sample)
    for row in chain(sample, rows):
        yield _import(row, chat_format, source, checks)


def _import(
    row: Row, chat_format: ChatFormat, source: ChatImport, checks: CampaignChecks
) -> Candidate | Rejection:
    chat = _parse(row, chat_format)
    if isinstance(chat, ParsedChat):
        candidate = _candidate(chat, source)
        failure, text = checks.run(candidate), candidate.review_text
        if failure is None:
            source.changes.update(chat.changes)
            return candidate
    else:
        failure, text = chat, make_storable(row.text)
    return Rejection(
        scope=source.campaign,
        stage="check",
        subject=f"{source.path.name}:{row.number}",
        reason=failure.reason,
        detail=failure.detail,
        text=text,
    )


def _parse(row: Row, chat_format: ChatFormat) -> ParsedChat | Failure:
    problem = row.error
    if not problem:
        try:
            chat = read_messages(chat_format.read(row.value))
        except UnusableChatError as error:
            return Failure(error.failure.reason, make_storable(error.failure.detail))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = type(error).__name__
    if problem:
        return Failure("no chat", f"expected {chat_format.example} ({problem})")
    if all(message.role is Role.SYSTEM for message in chat.messages):
        return Failure("no chat", "no turns")
    if not is_storable([message.content for message in chat.messages]):
        return Failure("no chat", "a character that cannot be stored")
    return chat


def _candidate(chat: ParsedChat, source: ChatImport) -> Candidate:
    turns = [message for message in chat.messages if message.role is not Role.SYSTEM]
    is_conversation = source.persona is None and len(chat.messages) == len(turns) == 2
    details = {"changes": dict(chat.changes)} if chat.changes else {}
    return Candidate(
        campaign=source.campaign,
        kind=CandidateKind.CONVERSATION if is_conversation else CandidateKind.DIALOGUE,
        provenance=Provenance(
            prompts=(),
            teacher=f"chats:{source.path.name}",
            parameters=canonical({"licence": source.licence, **details}),
            seed=0,
        ),
        messages=chat.messages,
        question=turns[0].content if is_conversation else "",
        persona=source.persona,
    )

"""Imported chats become candidates, or are rejected with a reason."""

import json
from pathlib import Path

import pytest

from db.records import Candidate, CandidateKind, Rejection
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.errors import SourceError

QUESTION = "How do I get a refund for my ticket?"
ANSWER = "You'll find it under your orders: open the ticket and tap on refund, and that's it."


def chat(*turns: str) -> str:
    roles = ("user", "assistant")
    return json.dumps(
        {"messages": [{"role": roles[n % 2], "content": t} for n, t in enumerate(turns)]}
    )


def import_lines(
    tmp_path: Path, *lines: str, persona: str | None = None
) -> list[Candidate | Rejection]:
    path = tmp_path / "support.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return list(import_chats(ChatImport(path, "c", "our own", persona=persona)))


def test_one_exchange_is_a_conversation_and_more_a_dialogue(tmp_path: Path) -> None:
    longer = chat(QUESTION, ANSWER, "And how long will that take, do you think?", "About a week.")
    first, second = import_lines(tmp_path, chat(QUESTION, ANSWER), "", longer)
    assert isinstance(first, Candidate)
    assert isinstance(second, Candidate)
    assert (first.kind, first.question) == (CandidateKind.CONVERSATION, QUESTION)
    assert [m.content for m in first.messages] == [QUESTION, ANSWER]
    assert (second.kind, len(second.messages)) == (CandidateKind.DIALOGUE, 4)
    assert first.provenance.teacher == "chats:support.jsonl"
    assert json.loads(first.provenance.parameters) == {"licence": "our own"}


def test_persona_campaign_imports_dialogues_only(tmp_path: Path) -> None:
    (record,) = import_lines(tmp_path, chat(QUESTION, ANSWER), persona="Marlo@1")
    assert isinstance(record, Candidate)
    assert (record.kind, record.persona) == (CandidateKind.DIALOGUE, "Marlo@1")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "no chat"),
        ("[]", "no chat"),
        ('{"messages": []}', "no chat"),
        pytest.param("[" * 99_999, "no chat", id="nested too deep"),
        ('{"messages": [{"role": "bot", "content": "Hi"}]}', "no chat"),
        ('{"messages": [{"role": "user", "content": 7}]}', "no chat"),
        ('{"messages": [{"role": "user", "content": "\\ud800"}]}', "no chat"),
        (chat(QUESTION), "turns"),
        (chat(QUESTION, "Das steht bei den Bestellungen, wenn man auf das Ticket geht."),
         "not English"),
        (chat(QUESTION, "Write to ada@tickets.org and they will pay it back to you."),
         "personal data"),
        (chat(QUESTION, ANSWER), "near-duplicate"),
    ],
)  # fmt: skip
def test_rejected_chat_has_its_reason_and_line(tmp_path: Path, line: str, reason: str) -> None:
    _, rejection = import_lines(tmp_path, chat("How do I?", ANSWER), line)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.subject) == (reason, "support.jsonl:2")


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.jsonl can't be read \(FileNotFoundError\)"):
        list(import_chats(ChatImport(tmp_path / "none.jsonl", "c", "")))

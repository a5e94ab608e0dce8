"""Chats that there are already become candidates as they are, or are refused with a reason."""

import json
from pathlib import Path

import pytest

from db.records import Candidate, CandidateKind, Rejection
from pipelines.chats import Chats, import_chats
from pipelines.checks.candidates import CampaignChecks
from pipelines.errors import SourceError

QUESTION = "How do I get a refund for my ticket?"
ANSWER = "You'll find it under your orders: open the ticket and tap on refund, and that's it."


def chat(*turns: str) -> str:
    roles = ("user", "assistant")
    return json.dumps(
        {"messages": [{"role": roles[n % 2], "content": t} for n, t in enumerate(turns)]}
    )


def taken(tmp_path: Path, *lines: str, persona: str | None = None) -> list[Candidate | Rejection]:
    path = tmp_path / "support.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return list(import_chats(Chats(path, "c", "our own", persona), CampaignChecks()))


def test_one_exchange_is_a_conversation_and_more_a_dialogue(tmp_path: Path) -> None:
    longer = chat(QUESTION, ANSWER, "And how long will that take, do you think?", "About a week.")
    first, second = taken(tmp_path, chat(QUESTION, ANSWER), "", longer)
    assert isinstance(first, Candidate)
    assert isinstance(second, Candidate)
    assert (first.kind, first.question) == (CandidateKind.CONVERSATION, QUESTION)
    assert [m.content for m in first.messages] == [QUESTION, ANSWER]
    assert (second.kind, len(second.messages)) == (CandidateKind.DIALOGUE, 4)
    assert first.provenance.teacher == "chats:support.jsonl"
    assert json.loads(first.provenance.parameters) == {"licence": "our own"}


def test_a_persona_has_dialogues_alone(tmp_path: Path) -> None:
    (made,) = taken(tmp_path, chat(QUESTION, ANSWER), persona="Marlo@1")
    assert isinstance(made, Candidate)
    assert (made.kind, made.persona) == (CandidateKind.DIALOGUE, "Marlo@1")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "no chat"),
        ("[]", "no chat"),
        ('{"messages": []}', "no chat"),
        pytest.param("[" * 99_999, "no chat", id="nested without end"),
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
def test_what_cannot_be_used_has_its_reason_and_line(
    tmp_path: Path, line: str, reason: str
) -> None:
    _, refused = taken(tmp_path, chat("How do I?", ANSWER), line)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.subject) == (reason, "support.jsonl:2")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"found none\.jsonl unreadable"):
        list(import_chats(Chats(tmp_path / "none.jsonl", "c", ""), CampaignChecks()))

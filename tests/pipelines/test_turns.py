"""Conversations of several turns: questions about one passage, each answered in the tone."""

import pytest

from db.records import (
    TURN_BREAK,
    Candidate,
    CandidateKind,
    Decision,
    Passage,
    Rejection,
    Verdict,
)
from db.versions.freeze import Approval, FreezePlan, build_examples
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan
from pipelines.voices.tone import Tone
from tests.pipelines.standin import StandIn, chatty
from timbre.campaign import load_tone

WRONG = "Well, it's a railway bridge, and people have crossed it since 1999."


@pytest.fixture
def tone() -> Tone:
    return load_tone("conversational")


def one(records: list[Candidate | Rejection]) -> Candidate:
    (record,) = records
    assert isinstance(record, Candidate), record
    return record


@pytest.mark.parametrize("turns", [4, 6])
def test_a_passage_becomes_one_conversation(
    tone: Tone, passages: list[Passage], turns: int
) -> None:
    teacher = StandIn()
    plan = teacher.plan(turns=turns)
    candidate = one(list(generate_conversations(passages[:1], tone, plan)))
    assert candidate.kind is CandidateKind.DIALOGUE
    assert [m.role.value for m in candidate.messages] == ["user", "assistant"] * (turns // 2)
    plain = candidate.reference.split(TURN_BREAK)
    assert [m.content for m in candidate.messages[1::2]] == [chatty(text) for text in plain]
    passage = passages[0].text
    positions = [passage.index(text) for text in plain]
    assert positions == sorted(positions)
    assert candidate.messages[0].content == f"{passage}\n\n{candidate.question}"
    assert passage not in candidate.review_text
    assert candidate.review_text.startswith(f"User: {candidate.question}\n\nAssistant: Well, ")
    assert candidate.provenance.prompts == ("question.v2", "tone_turn.v1")
    assert candidate.input_tokens == 10 * turns


def test_answers_see_the_turns_before_them(tone: Tone, passages: list[Passage]) -> None:
    teacher = StandIn()
    candidate = one(list(generate_conversations(passages[:1], tone, teacher.plan(turns=4))))
    first, second = (r for r in teacher.requests if r.startswith(("Question", "Turns before")))
    plain = candidate.reference.split(TURN_BREAK)
    assert first == f"Question: {candidate.question}\n\nAnswer: {plain[0]}"
    assert second.startswith(
        f"Turns before:\nUser: {candidate.question}\nAssistant: {plain[0]}\n\nQuestion: "
    )


def test_the_offline_teacher_writes_conversations_too(tone: Tone, passages: list[Passage]) -> None:
    records = list(generate_conversations(passages, tone, GenerationPlan("shop", turns=6)))
    dialogues = [r for r in records if isinstance(r, Candidate)]
    assert {len(d.messages) for d in dialogues} <= {4, 6}
    assert all(d.kind is CandidateKind.DIALOGUE for d in dialogues)


def test_a_short_passage_gives_a_single_exchange(tone: Tone, passages: list[Passage]) -> None:
    text = "The ferry crosses the sound in 35 minutes, and it has done so for many years."
    passage = Passage(article="a", section="", position=0, text=text)
    candidate = one(list(generate_conversations([passage], tone, StandIn().plan(turns=6))))
    assert (candidate.kind, candidate.question) == (
        CandidateKind.CONVERSATION,
        "What about for many years?",
    )


def test_an_invented_fact_in_any_turn_rejects_the_conversation(
    tone: Tone, passages: list[Passage]
) -> None:
    questions = ["What is it?", "What has it got?"]
    teacher = StandIn([*questions, "Well, it's a railway bridge, and Bob Zebra built it in 1999."])
    (record,) = generate_conversations(passages[:1], tone, teacher.plan(turns=4))
    assert isinstance(record, Rejection)
    assert record.reason == "unsupported number"
    assert "1999" in record.detail


def test_a_rejected_conversation_is_written_again(tone: Tone, passages: list[Passage]) -> None:
    teacher = StandIn(["What is it?", "What has it got?", WRONG, WRONG])
    first, second = generate_conversations(passages[:1], tone, teacher.plan(turns=4, retry=True))
    assert isinstance(first, Rejection)
    assert isinstance(second, Candidate)
    assert len(second.messages) == 4
    assert second.provenance.prompts[-1] == "retry.v2"
    last = teacher.chats[-1]
    assert last[-2]["content"] == WRONG
    assert "unsupported number" in last[-1]["content"]


def test_a_malformed_reply_is_asked_for_alone(tone: Tone, passages: list[Passage]) -> None:
    teacher = StandIn(["What is it?", "No.", "No."])
    records = list(generate_conversations(passages[:1], tone, teacher.plan(turns=4, retry=True)))
    assert isinstance(records[0], Rejection)
    assert isinstance(records[1], Candidate)
    assert records[1].messages[2].content.startswith("What about")
    asked = [r for r in teacher.requests if r.startswith("Text: ")]
    assert len(asked) == 2  # the others are retries in the same chat


def test_an_edit_keeps_the_passage(tone: Tone, passages: list[Passage]) -> None:
    candidate = one(list(generate_conversations(passages[:1], tone, StandIn().plan(turns=4))))
    edit = candidate.review_text.replace("Well, ", "So, ")
    verdict = Verdict(
        subject=candidate.id, decision=Decision.APPROVE, rule="majority", reviews=(), text=edit
    )
    approval = Approval(candidate, verdict, "article 0")
    plan = FreezePlan(campaign="shop", name="v1", salt="s")
    (example,) = build_examples([approval], plan)
    assert example.messages[0] == candidate.messages[0]
    assert all(m.content.startswith("So, ") for m in example.messages[1::2])
    assert example.reference == candidate.reference.split(TURN_BREAK)[-1]
    assert example.question == ""

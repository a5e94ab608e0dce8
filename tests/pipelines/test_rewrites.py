"""Existing replies are rewritten in the tone, turn by turn, with their facts checked."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import TURN_BREAK, Candidate, CandidateKind, Rejection
from pipelines.chats.chat_import import ChatImport
from pipelines.chats.rewrites import rewrite_chats
from pipelines.errors import SourceError
from pipelines.plan import GenerationPlan, Resources, VoiceRules
from pipelines.voices.tone import Tone
from tests.pipelines.standin import StandIn, chatty
from timbre.campaign import load_tone

SYSTEM = {"role": "system", "content": "You are the helper of a small shop."}
FIRST = [
    {"role": "user", "content": "Can I return the lamp?"},
    {"role": "assistant", "content": "Items may be returned within 30 days of the purchase date."},
]
SECOND = [
    {"role": "user", "content": "And the kettle?"},
    {"role": "assistant", "content": "The kettle may also be returned, with the original invoice."},
]


@pytest.fixture
def tone() -> Tone:
    return load_tone("conversational")


def source(folder: Path, *chats: object) -> ChatImport:
    path = folder / "support.jsonl"
    path.write_text("\n".join(map(json.dumps, chats)), encoding="utf-8")
    return ChatImport(path, "shop", "our own")


def test_replies_are_rewritten_and_the_originals_are_the_reference(
    tone: Tone, tmp_path: Path
) -> None:
    chats = source(tmp_path, {"messages": FIRST}, {"messages": [SYSTEM, *FIRST, *SECOND]})
    teacher = StandIn()
    short, long = rewrite_chats(chats, tone, teacher.plan())
    assert isinstance(short, Candidate)
    assert isinstance(long, Candidate)
    original = FIRST[1]["content"]
    assert (short.kind, short.question) == (CandidateKind.CONVERSATION, "Can I return the lamp?")
    assert (short.reference, short.review_text) == (original, chatty(original))
    assert short.passage is None
    assert long.kind is CandidateKind.DIALOGUE
    assert long.reference == TURN_BREAK.join((original, SECOND[1]["content"]))
    assert [m.content for m in long.messages] == [
        SYSTEM["content"],
        FIRST[0]["content"],
        chatty(original),
        SECOND[0]["content"],
        chatty(SECOND[1]["content"]),
    ]
    assert long.provenance.prompts == ("tone_turn.v1",)
    assert json.loads(long.provenance.parameters)["licence"] == "our own"
    assert json.loads(long.provenance.parameters)["chats"] == "support.jsonl"


def test_a_reply_is_rewritten_with_the_turns_before_it(tone: Tone, tmp_path: Path) -> None:
    teacher = StandIn()
    list(rewrite_chats(source(tmp_path, {"messages": [*FIRST, *SECOND]}), tone, teacher.plan()))
    assert teacher.requests[1] == (
        f"Turns before:\nUser: {FIRST[0]['content']}\nAssistant: {FIRST[1]['content']}\n\n"
        f"Question: {SECOND[0]['content']}\n\nAnswer: {SECOND[1]['content']}"
    )


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Sure, bring it back within 60 days of the purchase date.", "unsupported number"),
        ("Sure, you can bring it back to Springfield within 30 days.", "unsupported name"),
        ("Sure, you may return items any time after the purchase date.", "dropped"),
        ("Bring it back within 30 days. It's like selling your old toys for money.", "invented"),
        (FIRST[1]["content"], "copied"),
    ],
)
def test_facts_are_checked_against_the_original(
    tone: Tone, tmp_path: Path, reply: str, reason: str
) -> None:
    chats = source(tmp_path, {"messages": FIRST})
    (record,) = rewrite_chats(chats, tone, StandIn([reply]).plan())
    assert isinstance(record, Rejection)
    assert (record.reason, record.subject) == (reason, "support.jsonl:1")
    assert record.text == reply


def test_short_replies_stay_short(tone: Tone, tmp_path: Path) -> None:
    chat = [FIRST[0], {"role": "assistant", "content": "Yes."}]
    (record,) = rewrite_chats(source(tmp_path, {"messages": chat}), tone, StandIn().plan())
    assert isinstance(record, Candidate)
    assert record.review_text == chatty("Yes.")


def test_answers_without_loss_stay_as_they_are(tone: Tone, tmp_path: Path) -> None:
    quiet = [FIRST[0], {**FIRST[1], "weight": 0}]
    teacher = StandIn(["Well, there was 1999.", chatty(SECOND[1]["content"])])
    chats = source(tmp_path, {"messages": [*quiet, *SECOND]})
    rejection, record = rewrite_chats(chats, tone, teacher.plan(retry=True))
    assert isinstance(rejection, Rejection)
    assert isinstance(record, Candidate)
    assert record.messages[1].content == FIRST[1]["content"]
    assert not record.messages[1].has_loss
    assert record.reference == SECOND[1]["content"]


def test_chats_that_cannot_be_used_are_rejected_with_the_reason(tone: Tone, tmp_path: Path) -> None:
    chats = source(tmp_path, {"messages": FIRST}, {"messages": FIRST[:1]}, {"messages": "?"})
    records = list(rewrite_chats(chats, tone, StandIn().plan()))
    assert [type(r).__name__ for r in records] == ["Candidate", "Rejection", "Rejection"]
    with pytest.raises(SourceError, match="contains no chats"):
        list(rewrite_chats(source(tmp_path), tone, StandIn().plan()))


def test_the_offline_teacher_rewrites_replies(tone: Tone, tmp_path: Path) -> None:
    (record,) = rewrite_chats(source(tmp_path, {"messages": FIRST}), tone, GenerationPlan("shop"))
    assert isinstance(record, Candidate)
    assert record.provenance.prompts == ("tone_answer.v1",)
    assert "30" in record.review_text


def test_a_german_reply_is_asked_for_in_german(tmp_path: Path) -> None:
    tone = replace(load_tone("conversational"), language="de")
    chat = [
        {"role": "user", "content": "Kann ich die Lampe zurückgeben?"},
        {"role": "assistant", "content": "Die Rückgabe ist innerhalb von 12 Tagen möglich."},
    ]
    teacher = StandIn(["Klar, bring sie einfach in den nächsten zwölf Tagen zurück."])
    plan = teacher.plan()
    rules = VoiceRules(language="German", requirements=("at most 40 words",))
    plan = replace(plan, resources=Resources(writer=plan.resources.writer, rules=rules))
    chats = replace(source(tmp_path, {"messages": chat}), language="de")
    (record,) = rewrite_chats(chats, tone, plan)
    assert isinstance(record, Candidate), record
    system = teacher.chats[0][0]["content"]
    assert system.endswith(
        "Write in German.\n\nWhat you write must also meet these requirements:\n- at most 40 words"
    )

"""Chats in every format and encoding that people have become the same candidates."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from db.records import Candidate, CandidateKind, Rejection
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.errors import SourceError

CHATS = [
    (
        "Is the oven safe — für Ada?",
        "That oven is safe to use, as long as you keep it dry inside.",
    ),
    ("Can I return the rug?", "You can bring the rug back within thirty days, and we pay for it."),
]


def turns(question: str, answer: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


OPENAI = [{"messages": turns(*chat)} for chat in CHATS]
SHAREGPT = [
    {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]}
    for q, a in CHATS
]
ALPACA = [{"instruction": q, "input": "", "output": a} for q, a in CHATS]
ROLES = ("user", "assistant")
TURNS = [
    {"conversation_id": n, "role": role, "content": text}
    for n, chat in enumerate(CHATS)
    for role, text in zip(ROLES, chat, strict=True)
]


def pairs(question: str, answer: str) -> list[dict[str, Any]]:
    return [{question: q, answer: a} for q, a in CHATS]


def import_file(
    tmp_path: Path, name: str, content: str | bytes
) -> tuple[list[Candidate | Rejection], dict[str, int]]:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = ChatImport(path, "c", "our own")
    return list(import_chats(source)), dict(source.changes)


def import_turns(tmp_path: Path, *chat: dict[str, Any]) -> tuple[Candidate | Rejection, Any]:
    """A chat's record and the changes, imported after a chat that nothing is wrong with."""
    rows = map(json.dumps, [OPENAI[1], {"messages": list(chat)}])
    (_, record), changes = import_file(tmp_path, "chats.jsonl", "\n".join(rows))
    return record, changes


def messages(record: Candidate | Rejection) -> list[tuple[str, str]]:
    assert isinstance(record, Candidate), record
    return [(message.role.value, message.content) for message in record.messages]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("openai.jsonl", lines(OPENAI)),
        ("list.json", json.dumps(OPENAI, indent=1)),
        ("short-list.json", json.dumps(OPENAI)),
        ("sharegpt.jsonl", lines(SHAREGPT)),
        ("alpaca.jsonl", lines(ALPACA)),
        ("alpaca.json", json.dumps(ALPACA)),
        ("pairs.jsonl", lines(pairs("prompt", "completion"))),
        ("pairs.csv", table(pairs("Question", "Answer"))),
        ("semicolons.csv", table(pairs("prompt", "response"), ";")),
        ("tabs.tsv", table(pairs("user", "assistant"), "\t")),
        ("alpaca.csv", table(ALPACA)),
        ("turns.csv", table(TURNS)),
        ("bom.csv", "\ufeff" + table(ALPACA)),
        ("bom.jsonl", "\ufeff" + lines(OPENAI)),
        ("crlf.jsonl", lines(OPENAI).replace("\n", "\r\n")),
        ("blank.jsonl", "\n  \n" + lines(OPENAI).replace("\n", "\n\n")),
        ("utf16.jsonl", lines(OPENAI).encode("utf-16")),
        ("utf16-be.json", json.dumps(OPENAI).encode("utf-16-be")),
        ("utf16.csv", table(ALPACA).encode("utf-16")),
        ("chats.jsonl.gz", gzip.compress(lines(OPENAI).encode())),
        ("chats.csv.gz", gzip.compress(table(ALPACA).encode("utf-16"))),
        ("gzipped-without-its-suffix.jsonl", gzip.compress(lines(OPENAI).encode())),
    ],
)
def test_every_format_and_encoding_gives_the_same_chats(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    records, changes = import_file(tmp_path, name, content)
    assert [messages(record) for record in records] == [
        [("user", question), ("assistant", answer)] for question, answer in CHATS
    ]
    assert not changes


def test_one_chat_over_several_lines_is_read(tmp_path: Path) -> None:
    (record,), _ = import_file(tmp_path, "chat.json", json.dumps(OPENAI[0], indent=2))
    assert messages(record)[0] == ("user", CHATS[0][0])


def test_a_system_prompt_beside_the_turns_comes_first(tmp_path: Path) -> None:
    rows = [{"system": "Be kind.", **row} for row in (SHAREGPT[0], ALPACA[1])]
    for row in rows:
        (record,), _ = import_file(tmp_path, "chats.jsonl", lines([row]))
        assert messages(record)[0] == ("system", "Be kind.")
        assert isinstance(record, Candidate)
        assert record.kind is CandidateKind.DIALOGUE


def test_an_alpaca_input_and_history_are_part_of_the_chat(tmp_path: Path) -> None:
    row = {"instruction": "Translate.", "input": "Haus", "output": CHATS[0][1]}
    (record,), _ = import_file(
        tmp_path, "a.jsonl", lines([{**row, "history": [["Are you there?", "I am here."]]}])
    )
    assert messages(record) == [
        ("user", "Are you there?"),
        ("assistant", "I am here."),
        ("user", "Translate.\n\nHaus"),
        ("assistant", CHATS[0][1]),
    ]


def test_developer_turns_content_parts_and_names_are_read(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "Where is"}, {"type": "text", "text": "the blue one?"}]
    answer = {"role": "assistant", "name": "Al", "content": CHATS[0][1], "tool_calls": None}
    user = {"role": "user", "name": "Bo", "content": parts}
    record, changes = import_turns(
        tmp_path, {"role": "developer", "content": "Be kind."}, user, answer
    )
    assert messages(record) == [
        ("system", "Be kind."),
        ("user", "Where is\nthe blue one?"),
        ("assistant", CHATS[0][1]),
    ]
    assert not changes


def test_consecutive_turns_of_a_speaker_are_merged_and_counted(tmp_path: Path) -> None:
    record, changes = import_turns(
        tmp_path, {"role": "user", "content": "Hi"}, *turns(*CHATS[0]),
        {"role": "assistant", "content": "Anything else?"},
    )  # fmt: skip
    assert messages(record) == [
        ("user", f"Hi\n\n{CHATS[0][0]}"),
        ("assistant", f"{CHATS[0][1]}\n\nAnything else?"),
    ]
    assert changes == {"turns merged with the turn before": 2}
    assert isinstance(record, Candidate)
    parameters = json.loads(record.provenance.parameters)
    assert parameters == {"licence": "our own", "changes": changes}


def test_a_trailing_user_turn_is_left_out_and_counted(tmp_path: Path) -> None:
    record, changes = import_turns(
        tmp_path, *turns(*CHATS[0]), {"role": "user", "content": "Thanks"}
    )
    assert messages(record) == [("user", CHATS[0][0]), ("assistant", CHATS[0][1])]
    assert changes == {"trailing user turns left out": 1}


@pytest.mark.parametrize(
    ("turn", "reason", "detail"),
    [
        ({"role": "tool", "content": "sunny"}, "tool turns", "turn 2 is a tool call or its result"),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, "tool turns",
         "turn 2 is a tool call or its result"),
        ({"from": "observation", "value": "sunny"}, "tool turns",
         "turn 2 is a tool call or its result"),
        ({"role": "system", "content": "Now be rude."}, "system turn in mid-chat", "Now be rude."),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "not text",
         "turn 2 contains the unsupported type image_url"),
        ({"role": "narrator", "content": "Later."}, "no chat",
         "turn 2 has the unknown role “narrator”"),
        ({"role": "\ud800", "content": "Later."}, "no chat",
         "turn 2 has the unknown role “\ufffd”"),
        ({"role": "user", "content": " "}, "no chat", "turn 2 is empty"),
    ],
)  # fmt: skip
def test_a_chat_with_an_unusable_turn_is_rejected_with_the_reason(
    tmp_path: Path, turn: dict[str, Any], reason: str, detail: str
) -> None:
    record, changes = import_turns(
        tmp_path, {"role": "user", "content": "Hi"}, turn, *turns(*CHATS[0])
    )
    assert isinstance(record, Rejection)
    assert (record.reason, record.detail) == (reason, detail)
    assert (record.subject, changes) == ("chats.jsonl:2", {})


def test_changes_of_a_rejected_chat_are_not_counted(tmp_path: Path) -> None:
    record, changes = import_turns(
        tmp_path, *turns(*CHATS[1]), {"role": "user", "content": "Thanks"}
    )
    assert isinstance(record, Rejection)
    assert (record.reason, changes) == ("near-duplicate", {})


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jsonl", '{"dialog": [], "lang": "en"}\n', "contains objects with `dialog`, `lang`"),
        ("a.jsonl", "{}\n", "contains empty objects, which isn't a supported chat format"),
        ("a.jsonl", "3\n4\n", "contains numbers instead of objects"),
        ("a.json", '["Hello"]', "contains texts instead of objects"),
        ("a.json", "[[1, 2]]", "contains lists instead of objects"),
        ("a.txt", "Dear all,\nhello", "contains text that isn't JSON (“Dear all,”)"),
        ("a.csv", "frage;antwort\nA?;B.\n", "contains objects with `frage`, `antwort`"),
        ("a.jsonl", " \n", "contains no chats"),
        ("a.json", "[]", "contains no chats"),
        ("a.csv", "prompt,response\n", "contains no chats"),
        ("a.json", '[{"messages": []},', "isn't a valid JSON list (line 1, column 19: "),
        ("a.xlsx", b"PK\x03\x04\x00", "is a ZIP archive or an Excel workbook, which can't be"),
        ("a.jsonl", b'{"messages": "\xff"}', "can't be read (UnicodeDecodeError)"),
        ("a.jsonl.gz", gzip.compress(lines(OPENAI).encode(), mtime=0)[:40], "can't be read (EOFE"),
    ],
)  # fmt: skip
def test_a_file_without_chats_is_an_error_that_says_what_it_has(
    tmp_path: Path, name: str, content: str | bytes, problem: str
) -> None:
    with pytest.raises(SourceError) as error:
        import_file(tmp_path, name, content)
    assert str(error.value).startswith(f"{name} {problem}")


def test_the_ids_of_chats_in_the_first_format_stay(tmp_path: Path) -> None:
    more = [*turns(*CHATS[1]), *turns("And the lamp?", "The lamp as well, if it is unused.")]
    system = {"role": "system", "content": "Be kind."}
    rows: list[dict[str, Any]] = [OPENAI[0], {"messages": [system, *more]}, {"messages": []}]
    records, _ = import_file(tmp_path, "support.jsonl", lines(rows))
    assert [record.id[:16] for record in records] == [
        "d16fe3d5b7d21f87",
        "0f05da2f4fe6a3e2",
        "ab9bc529f83aed71",
    ]


def weigh(weight: object, answer: str = "Go away.") -> list[dict[str, Any]]:
    user = {"role": "user", "content": "Hi", "weight": 0}
    return [user, {"role": "assistant", "content": answer, "weight": weight}]


@pytest.mark.parametrize("weight", [0, 0.0, "0"])
def test_an_answer_of_weight_0_has_no_loss(tmp_path: Path, weight: object) -> None:
    record, changes = import_turns(tmp_path, *weigh(weight), *turns(*CHATS[0]))
    assert isinstance(record, Candidate)
    assert [message.has_loss for message in record.messages] == [True, False, True, True]
    assert not changes


def test_turns_after_the_last_answer_with_loss_are_left_out_and_counted(tmp_path: Path) -> None:
    last = {"role": "user", "content": "Oh"}
    record, changes = import_turns(tmp_path, *turns(*CHATS[0]), *weigh(0), last)
    assert messages(record) == [("user", CHATS[0][0]), ("assistant", CHATS[0][1])]
    assert changes == {
        "trailing user turns left out": 1,
        "trailing turns without loss left out": 2,
    }


def test_a_weight_of_1_changes_nothing(tmp_path: Path) -> None:
    weighed, _ = import_turns(tmp_path, *weigh(1, CHATS[0][1]))
    plain, _ = import_turns(tmp_path, *turns("Hi", CHATS[0][1]))
    assert weighed.id == plain.id


@pytest.mark.parametrize(
    ("chat", "reason", "detail"),
    [
        (weigh(0), "nothing to learn", "every answer has weight 0"),
        (weigh(0.5), "weight", "turn 2 has weight 0.5 instead of 0 or 1"),
        ([*weigh(0), weigh(1)[1]], "weight", "consecutive answers have different weights"),
    ],
)
def test_unusable_weights_are_rejected(
    tmp_path: Path, chat: list[dict[str, Any]], reason: str, detail: str
) -> None:
    record, _ = import_turns(tmp_path, *chat)
    assert isinstance(record, Rejection)
    assert (record.reason, record.detail) == (reason, detail)

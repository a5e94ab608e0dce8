"""Training files for fine-tuning services, checked against each service's rules before upload.

The rules come from the documentation of OpenAI (supervised fine-tuning guide), Together (data
preparation) and Fireworks (fine-tuning models). All three services accept files with one JSON
object per line that contains `messages`, and reject or ignore other keys. A message may have a
`weight` of 0 or 1. If some messages in a chat have a weight, Together also trains on the messages
that have none, so every message in such a chat gets a weight. OpenAI's guide to direct preference
optimization defines the file format for preference pairs.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from db.errors import StoreError
from db.exports.pairs import openai_row
from db.records import Example, Message, Pair, Role


class _Line(NamedTuple):
    """A line to write: a record's name in error messages, the chat to check, and the row."""

    name: str
    messages: tuple[Message, ...]
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """A service's limits on the number of examples and file size, and its rules for chats.

    `contents` is what a file consists of: chats or pairs.
    """

    service: str
    min_examples: int
    max_examples: int
    max_bytes: int
    must_alternate: bool = False
    must_weigh_all: bool = False
    contents: str = "chats"


OPENAI = Rules("OpenAI", min_examples=10, max_examples=10**9, max_bytes=512 * 10**6)
TOGETHER = Rules("Together", 1, 10**9, 100 * 10**9, must_alternate=True, must_weigh_all=True)
OPENAI_PREFERENCES = replace(OPENAI, contents="pairs")
FIREWORKS = Rules("Fireworks", min_examples=3, max_examples=3 * 10**6, max_bytes=10**12)


def provider_lines(rules: Rules, examples: Iterable[Example]) -> Iterator[str]:
    """Yield the lines of a service's training file, skipping examples that aren't chats.

    Raises `StoreError` at the first example that the service would reject, or when the file exceeds
    a limit.
    """
    lines = (
        _Line(f"Example {example.id[:12]}", example.messages, _chat_row(rules, example))
        for example in examples
        if example.messages
    )
    yield from _checked_lines(rules, lines)


def preference_lines(rules: Rules, pairs: Iterable[Pair]) -> Iterator[str]:
    """Yield the lines of a service's preference file.

    Raises `StoreError` at the first pair that the service would reject, or when the file exceeds a
    limit.
    """
    lines = (
        _Line(
            f"Pair {pair.id[:12]}",
            (*pair.prompt, Message(Role.ASSISTANT, pair.chosen)),
            openai_row(pair),
        )
        for pair in pairs
    )
    yield from _checked_lines(rules, lines)


def _chat_row(rules: Rules, example: Example) -> dict[str, Any]:
    return {"messages": message_rows(example.messages, rules.must_weigh_all)}


def _checked_lines(rules: Rules, records: Iterable[_Line]) -> Iterator[str]:
    count = size = 0
    for record in records:
        problem = _problem(rules, record.messages)
        if problem:
            raise StoreError(
                f"{record.name} {problem}, which {rules.service} doesn't accept. Reject the "
                "candidate in review and freeze a new version."
            )
        line = json.dumps(record.row, ensure_ascii=False) + "\n"
        count, size = count + 1, size + len(line.encode())
        yield line
    if not rules.min_examples <= count <= rules.max_examples or size > rules.max_bytes:
        raise StoreError(
            f"{rules.service} accepts {rules.min_examples} to {rules.max_examples} "
            f"{rules.contents} of at most {rules.max_bytes} bytes in total, but this file has "
            f"{count} {rules.contents} of {size} bytes. Freeze a version within these limits."
        )


def message_rows(
    messages: Iterable[Message], must_weigh_all: bool = False
) -> list[dict[str, str | int]]:
    """Convert messages to rows with role, content, and a `weight` of 0 for answers not trained on.

    If `must_weigh_all` is true and at least one answer in the chat is excluded from the loss, every
    message gets a weight.
    """
    messages = tuple(messages)
    weighs = must_weigh_all and not all(m.has_loss for m in messages)
    rows: list[dict[str, str | int]] = []
    for m in messages:
        row: dict[str, str | int] = {"role": m.role.value, "content": m.content}
        if weighs or not m.has_loss:
            row["weight"] = int(m.has_loss and m.role is Role.ASSISTANT)
        rows.append(row)
    return rows


def _problem(rules: Rules, messages: Sequence[Message]) -> str:
    """The reason why a service would reject a chat, or an empty string if it wouldn't."""
    roles = [message.role for message in messages]
    turns = roles[1:] if roles[0] is Role.SYSTEM else roles
    if any(not message.content.strip() for message in messages):
        return "has an empty turn"
    if Role.SYSTEM in turns:
        return "has a system turn after the first turn"
    if not turns or turns[-1] is not Role.ASSISTANT:
        return "doesn't end with an answer"
    expected = [Role.USER, Role.ASSISTANT] * len(turns)
    if rules.must_alternate and turns != expected[: len(turns)]:
        return "doesn't alternate between user and assistant"
    return ""

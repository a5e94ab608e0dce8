"""The supported chat formats: the keys of a row, and how to convert a row to a list of turns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from pipelines.chats.rows import Row
from pipelines.errors import SourceError

Turns: TypeAlias = list[Mapping[str, Any]]
"""Turns with `role` and `content`, or the equivalent ShareGPT keys."""


@dataclass(frozen=True)
class ChatFormat:
    """A chat format: the keys that each row has, an example, and a function that reads the turns.

    The function that reads a row raises `KeyError`, `TypeError` or `AttributeError` if the row is
    malformed.
    """

    name: str
    keys: tuple[str, ...]
    example: str
    read: Callable[[Mapping[str, Any]], Turns]

    def matches(self, row: Row) -> bool:
        """Return whether a row has the keys of this format."""
        return isinstance(row.value, dict) and all(key in row.value for key in self.keys)


def _read_list(key: str, row: Mapping[str, Any]) -> Turns:
    return [*_system(row), *row[key]]


def _read_alpaca(row: Mapping[str, Any]) -> Turns:
    task = "\n\n".join(filter(None, (row["instruction"].strip(), (row.get("input") or "").strip())))
    pairs = [*(row.get("history") or []), (task, row["output"])]
    turns = [pair for question, answer in pairs for pair in _exchange(question, answer)]
    return [*_system(row), *turns]


def _read_pair(question: str, answer: str, row: Mapping[str, Any]) -> Turns:
    return [*_system(row), *_exchange(row[question], row[answer])]


def _exchange(question: Any, answer: Any) -> Turns:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def _system(row: Mapping[str, Any]) -> Turns:
    """Return the system prompt that a row stores separately from its turns."""
    system = row.get("system") or ""
    return [{"role": "system", "content": system}] if system.strip() else []


def _pair(question: str, answer: str) -> ChatFormat:
    return ChatFormat(
        name=f"{question} and {answer}",
        keys=(question, answer),
        example=f'{{"{question}": "…", "{answer}": "…"}}',
        read=partial(_read_pair, question, answer),
    )


FORMATS: tuple[ChatFormat, ...] = (
    ChatFormat(
        name="OpenAI messages",
        keys=("messages",),
        example='{"messages": [{"role": "user", "content": "…"}, '
        '{"role": "assistant", "content": "…"}]}',
        read=partial(_read_list, "messages"),
    ),
    ChatFormat(
        name="ShareGPT",
        keys=("conversations",),
        example='{"conversations": [{"from": "human", "value": "…"}, '
        '{"from": "gpt", "value": "…"}]}',
        read=partial(_read_list, "conversations"),
    ),
    ChatFormat(
        name="Alpaca",
        keys=("instruction", "output"),
        example='{"instruction": "…", "input": "…", "output": "…"}',
        read=_read_alpaca,
    ),
    _pair("prompt", "response"),
    _pair("prompt", "completion"),
    _pair("question", "answer"),
    _pair("user", "assistant"),
)
"""All supported formats, each of which also works for tables with the same columns."""
ACCEPTED = (
    "JSON Lines, a JSON list or a CSV file may have `messages` (OpenAI), `conversations` "
    "(ShareGPT), `instruction` with `output` (Alpaca), `prompt` with `response` or `completion`, "
    "`question` with `answer`, or `user` with `assistant`"
)


def detect_format(name: str, rows: Sequence[Row]) -> ChatFormat:
    """Return the first format that matches one of the rows.

    Raises `SourceError`, with a description of the rows, if no format matches.
    """
    formats = (f for row in rows for f in FORMATS if f.matches(row))
    if chat_format := next(formats, None):
        return chat_format
    raise SourceError(
        f"{name} contains {_describe(rows)}, which isn't a supported chat format. {ACCEPTED}."
    )


def _describe(rows: Sequence[Row]) -> str:
    row = next((row for row in rows if not row.error), rows[0])
    if row.error:
        return f"text that isn't JSON (“{row.text[:40]}”)"
    if isinstance(row.value, dict):
        keys = ", ".join(f"`{key[:40]}`" for key in list(row.value)[:8])
        return f"objects with {keys}" if keys else "empty objects"
    kinds = {list: "lists", str: "texts", type(None): "nulls"}
    return f"{kinds.get(type(row.value), 'numbers')} instead of objects"

"""A chat's turns as messages: roles by their usual names, and one turn after the other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from db.records import Message, Role
from pipelines.checks.check import Failure

_ROLES = {
    **{role.value: role for role in Role},
    "developer": Role.SYSTEM,
    "human": Role.USER,
    "gpt": Role.ASSISTANT,
    "chatgpt": Role.ASSISTANT,
    "model": Role.ASSISTANT,
}
_TOOL_ROLES = ("tool", "function", "function_call", "function_response", "observation", "ipython")
_TOOL_KEYS = ("tool_calls", "function_call")
_TEXT_PARTS = ("text", "input_text", "output_text")
MERGED = "turns merged with the turn before"
CUT_OFF = "trailing user turns left out"


class UnusableChatError(ValueError):
    """A chat that can't be imported, with the reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Make the error with its failure."""
        super().__init__(f"{reason}: {detail}")
        self.failure = Failure(reason, detail)


@dataclass
class ParsedChat:
    """The messages of a chat, and how often each kind of change was necessary."""

    messages: tuple[Message, ...]
    changes: Counter[str] = field(default_factory=Counter)


def read_messages(turns: Iterable[Mapping[str, Any]]) -> ParsedChat:
    """Turns as messages: consecutive turns of a speaker merged, a trailing user turn left out.

    Raises `UnusableChatError` if a turn isn't text, uses tools, is empty, or is a system turn after
    the first turn; `KeyError`, `TypeError` or `AttributeError` if it lacks a role or content.
    """
    messages: list[Message] = []
    changes: Counter[str] = Counter()
    for message in _parse_turns(turns):
        if messages and messages[-1].role is message.role:
            messages[-1] = _merge(messages[-1], message)
            changes[MERGED] += 1
        elif messages and message.role is Role.SYSTEM:
            raise UnusableChatError("system turn in mid-chat", message.content[:80])
        else:
            messages.append(message)
    roles = [message.role for message in messages]
    if Role.ASSISTANT in roles and roles[-1] is Role.USER:
        messages.pop()
        changes[CUT_OFF] += 1
    return ParsedChat(tuple(messages), changes)


def _parse_turns(turns: Iterable[Mapping[str, Any]]) -> Iterator[Message]:
    for number, turn in enumerate(turns, 1):
        name = str(turn["role"] if "role" in turn else turn["from"]).lower()
        if name in _TOOL_ROLES or any(turn.get(key) for key in _TOOL_KEYS):
            raise UnusableChatError("tool turns", f"turn {number} calls a tool or is its reply")
        if name not in _ROLES:
            raise UnusableChatError("no chat", f"turn {number} has the unknown role “{name}”")
        text = _text(turn["content"] if "content" in turn else turn["value"], number)
        if text:
            yield Message(_ROLES[name], text)
        elif _ROLES[name] is not Role.SYSTEM:
            raise UnusableChatError("no chat", f"turn {number} is empty")


def _text(content: Any, number: int) -> str:
    """A turn's text, which may be a list of parts."""
    if not isinstance(content, list):
        return str(content.strip())
    texts = []
    for part in content:
        if not isinstance(part, str) and part["type"] not in _TEXT_PARTS:
            raise UnusableChatError("not text", f"turn {number} has a part of type {part['type']}")
        texts.append(part if isinstance(part, str) else part["text"])
    return "\n".join(text.strip() for text in texts).strip()


def _merge(first: Message, second: Message) -> Message:
    return replace(first, content=f"{first.content}\n\n{second.content}")

"""Convert the turns of a chat to messages with standard role names and alternating speakers."""

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
_WEIGHTS = {"0": False, "0.0": False, "1": True, "1.0": True}
_TEXT_PARTS = ("text", "input_text", "output_text")
MERGED = "turns merged with the turn before"
CUT_OFF = "trailing user turns left out"
NO_LOSS_CUT_OFF = "trailing turns without loss left out"


class UnusableChatError(ValueError):
    """Raised when a chat can't be imported; `failure` contains the reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Create an error from a reason and a detail."""
        super().__init__(f"{reason}: {detail}")
        self.failure = Failure(reason, detail)


@dataclass
class ParsedChat:
    """The messages of a chat, and how many changes of each kind the import made to them."""

    messages: tuple[Message, ...]
    changes: Counter[str] = field(default_factory=Counter)


def read_messages(turns: Iterable[Mapping[str, Any]]) -> ParsedChat:
    """Convert turns to messages, merging consecutive turns and dropping trailing user turns.

    Raises `UnusableChatError` if a turn isn't text, uses tools, is empty, or is a system turn after
    the first turn, or if the weights aren't 0 or 1 or are all 0. Raises `KeyError`, `TypeError` or
    `AttributeError` if a turn has no role or content.
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
    answers = [message for message in messages if message.role is Role.ASSISTANT]
    if answers and not any(answer.has_loss for answer in answers):
        raise UnusableChatError("nothing to learn", "every answer has weight 0")
    if answers and messages[-1].role is Role.USER:
        messages.pop()
        changes[CUT_OFF] += 1
    while answers and not (messages[-1].role is Role.ASSISTANT and messages[-1].has_loss):
        messages.pop()  # no trained answer follows, so this turn has no effect on training
        changes[NO_LOSS_CUT_OFF] += 1
    return ParsedChat(tuple(messages), changes)


def _parse_turns(turns: Iterable[Mapping[str, Any]]) -> Iterator[Message]:
    for number, turn in enumerate(turns, 1):
        name = str(turn["role"] if "role" in turn else turn["from"]).lower()
        if name in _TOOL_ROLES or any(turn.get(key) for key in _TOOL_KEYS):
            raise UnusableChatError("tool turns", f"turn {number} is a tool call or its result")
        if name not in _ROLES:
            raise UnusableChatError("no chat", f"turn {number} has the unknown role “{name}”")
        text = _text(turn["content"] if "content" in turn else turn["value"], number)
        if text:
            yield Message(_ROLES[name], text, _has_loss(_ROLES[name], turn, number))
        elif _ROLES[name] is not Role.SYSTEM:
            raise UnusableChatError("no chat", f"turn {number} is empty")


def _text(content: Any, number: int) -> str:
    """Return the text of a turn, whose content may be a list of parts."""
    if not isinstance(content, list):
        return str(content.strip())
    texts = []
    for part in content:
        if not isinstance(part, str) and part["type"] not in _TEXT_PARTS:
            raise UnusableChatError(
                "not text", f"turn {number} contains the unsupported type {part['type']}"
            )
        texts.append(part if isinstance(part, str) else part["text"])
    return "\n".join(text.strip() for text in texts).strip()


def _has_loss(role: Role, turn: Mapping[str, Any], number: int) -> bool:
    """Return whether a turn is included in the training loss.

    Only assistant turns can have a `weight`.
    """
    weight = turn.get("weight")
    if role is not Role.ASSISTANT or weight in (None, ""):
        return True
    if str(weight) not in _WEIGHTS:
        raise UnusableChatError("weight", f"turn {number} has weight {weight} instead of 0 or 1")
    return _WEIGHTS[str(weight)]


def _merge(first: Message, second: Message) -> Message:
    if first.has_loss is not second.has_loss:
        raise UnusableChatError("weight", "consecutive answers have different weights")
    return replace(first, content=f"{first.content}\n\n{second.content}")

"""Chats as the fine-tuning services take them, held against each service's rules before upload.

The rules are those of the services' documentation: OpenAI (supervised fine-tuning guide), Together
(data preparation) and Fireworks (fine-tuning models), all of which take one object with `messages`
a line and refuse other keys beside it or make nothing of them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from db.errors import StoreError
from db.records import Example, Role, plain


@dataclass(frozen=True, slots=True)
class Rules:
    """What a service asks of a file: how many examples and bytes, and in which order turns come."""

    service: str
    fewest: int
    most: int
    largest: int
    alternating: bool


OPENAI = Rules("OpenAI", fewest=10, most=10**9, largest=512 * 10**6, alternating=False)
TOGETHER = Rules("Together", fewest=1, most=10**9, largest=100 * 10**9, alternating=True)
FIREWORKS = Rules("Fireworks", fewest=3, most=3 * 10**6, largest=10**12, alternating=False)


def provider_lines(rules: Rules, examples: Iterable[Example]) -> Iterator[str]:
    """The training file of a service, line by line; examples that are no chat are left out.

    Raises `StoreError` naming the first example or figure that the service would refuse.
    """
    count = size = 0
    for example in examples:
        if not example.messages:
            continue
        fault = _fault(rules, example)
        if fault:
            raise StoreError(
                f"found the example {example.id[:12]} {fault}, which {rules.service} refuses; "
                "reject it in review and freeze again"
            )
        line = json.dumps({"messages": plain(example.messages)}, ensure_ascii=False) + "\n"
        count, size = count + 1, size + len(line.encode())
        yield line
    if not rules.fewest <= count <= rules.most or size > rules.largest:
        raise StoreError(
            f"found {count} chats in {size} bytes, expected {rules.fewest} to {rules.most} in at "
            f"most {rules.largest}, as {rules.service} takes them; freeze a version of that size"
        )


def _fault(rules: Rules, example: Example) -> str:
    """What is wrong with a chat, nothing if it may be uploaded."""
    roles = [message.role for message in example.messages]
    turns = roles[1:] if roles[0] is Role.SYSTEM else roles
    if any(not message.content.strip() for message in example.messages):
        return "with an empty turn"
    if Role.SYSTEM in turns:
        return "with a system turn after the first"
    if not turns or turns[-1] is not Role.ASSISTANT:
        return "not ending with an answer"
    expected = [Role.USER, Role.ASSISTANT] * len(turns)
    if rules.alternating and turns != expected[: len(turns)]:
        return "whose turns do not alternate between user and assistant"
    return ""

"""A local model that generates many replies in batches, for use as a teacher or a judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from db.records import Message, Role
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding

_BATCH_SIZE = 16

ChatMessages: TypeAlias = Sequence[Mapping[str, str]]
"""The turns of a chat, each with a `role` and `content`."""


@dataclass(frozen=True, slots=True)
class WrittenReply:
    """A model's reply to a chat, with the number of input and output tokens."""

    text: str
    input_tokens: int
    output_tokens: int


def load_writer(
    model: str, decoding: Decoding
) -> Callable[[Sequence[ChatMessages]], list[WrittenReply | None]]:
    """Load a model, and return a function that generates a reply to each chat, in order.

    The returned function gives None for chats that are too long for the model. Chats of similar
    length are batched together, longest first.

    Raises `TrainerError` if the model doesn't exist or if loading it could run code.
    """
    answerer = Answerer(Arm("teacher", base=model), decoding)

    def write(chats: Sequence[ChatMessages]) -> list[WrittenReply | None]:
        prompts = [answerer.chat.encode_prompt(_messages(chat)) for chat in chats]
        fitting = [n for n, ids in enumerate(prompts) if len(ids) <= answerer.max_prompt_tokens]
        fitting.sort(key=lambda n: -len(prompts[n]))
        replies: list[WrittenReply | None] = [None] * len(chats)
        for start in range(0, len(fitting), _BATCH_SIZE):
            batch = fitting[start : start + _BATCH_SIZE]
            for n, ids in zip(batch, answerer.generate([prompts[n] for n in batch]), strict=True):
                replies[n] = WrittenReply(answerer.decode(ids), len(prompts[n]), len(ids))
        return replies

    return write


def _messages(chat: ChatMessages) -> tuple[Message, ...]:
    return tuple(Message(Role(turn["role"]), turn["content"]) for turn in chat)

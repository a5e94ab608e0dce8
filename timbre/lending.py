"""What the trainer lends a generation: a model that writes, and vectors of what texts mean."""

from collections.abc import Callable, Sequence
from functools import partial

from db.records import Message, Role
from pipelines.journal import Reply
from pipelines.plan import GenerationPlan, Write
from pipelines.prompting import Chat
from trainer.answer import Answerer, Arm, Decoding
from trainer.embed import Vectors, embed

_BATCH = 16


def meaning(texts: Sequence[str]) -> Vectors:
    """Texts as vectors of length 1."""
    return embed(texts)


def writer(model: str, plan: GenerationPlan) -> Callable[[], Write]:
    """What loads a model to reply with, in the precision the trainer chooses.

    Called, it raises `TrainerError` if there is no such model or loading it could run code.
    """
    decoding = Decoding(
        max_new_tokens=plan.max_tokens, temperature=plan.temperature, seed=plan.seed
    )
    return partial(_loaded, model, decoding)


def _loaded(model: str, decoding: Decoding) -> Write:
    answerer = Answerer(Arm("teacher", base=model), decoding)

    def write(chats: Sequence[Chat]) -> list[Reply | None]:
        asked = [answerer.chat.asked(_messages(chat)) for chat in chats]
        fitting = [n for n, ids in enumerate(asked) if len(ids) <= answerer.room]
        longest_first = sorted(fitting, key=lambda n: -len(asked[n]))
        replies: list[Reply | None] = [None] * len(chats)
        for start in range(0, len(longest_first), _BATCH):
            batch = longest_first[start : start + _BATCH]
            for n, ids in zip(batch, answerer.generate([asked[n] for n in batch]), strict=True):
                replies[n] = Reply(answerer.text(ids), len(asked[n]), len(ids))
        return replies

    return write


def _messages(chat: Chat) -> tuple[Message, ...]:
    return tuple(Message(Role(turn["role"]), turn["content"]) for turn in chat)

"""What the trainer lends a generation: a model that writes, and vectors of what texts mean."""

from collections.abc import Callable, Sequence

from db.records import Message, Role
from pipelines.journal import Reply
from pipelines.plan import GenerationPlan
from pipelines.prompting import Chat
from trainer.answer import Answerer, Arm, Decoding
from trainer.embed import Vectors, embed

_BATCH = 16


def meaning(texts: Sequence[str]) -> Vectors:
    """Texts as vectors of length 1."""
    return embed(texts)


def writer(model: str, plan: GenerationPlan) -> Callable[[Sequence[Chat]], list[Reply | None]]:
    """A function that lets a model on this machine reply, in the precision the trainer chooses.

    Raises `TrainerError` if there is no such model or loading it could run code.
    """
    decoding = Decoding(
        max_new_tokens=plan.max_tokens, temperature=plan.temperature, seed=plan.seed
    )
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

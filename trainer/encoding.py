"""A side of a version as tokens, with the examples that do not fit counted rather than cut."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Example
from trainer.chat import NO_LOSS, Chat, Tokens
from trainer.errors import TrainerError


@dataclass(frozen=True, slots=True)
class Limit:
    """The most tokens an example may have, and whether longer ones are cut to it."""

    tokens: int
    truncate: bool


def encode(examples: Sequence[Example], chat: Chat, limit: Limit) -> list[tuple[Example, Tokens]]:
    """The examples with their tokens, in the order given.

    Raises `TrainerError` if some are longer than the limit and not to be cut, or if cutting
    them leaves nothing to learn.
    """
    taught = [(example, chat.encode_example(example)) for example in examples]
    long = [len(tokens.ids) for _, tokens in taught if len(tokens.ids) > limit.tokens]
    if long and not limit.truncate:
        raise TrainerError(
            f"found {len(long)} of {len(taught)} examples longer than {limit.tokens} tokens "
            f"(the longest has {max(long)}), expected none; leave them out, or set "
            "truncate = true to cut them"
        )
    cut = [
        (example, Tokens(tokens.ids[: limit.tokens], tokens.labels[: limit.tokens]))
        for example, tokens in taught
    ]
    empty = sum(all(label == NO_LOSS for label in tokens.labels) for _, tokens in cut)
    if empty:
        raise TrainerError(
            f"found {empty} of {len(cut)} examples with nothing to learn within {limit.tokens} "
            "tokens, expected an answer in each; leave them out or raise max_length"
        )
    return cut

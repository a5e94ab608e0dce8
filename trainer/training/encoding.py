"""Encode the splits of a version. Examples that are too long cause an error by default."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Example, Message, Role, Split
from trainer.chat import NO_LOSS, Chat, Tokens
from trainer.config import TrainingConfig
from trainer.errors import TrainerError


@dataclass(frozen=True, slots=True)
class Limit:
    """The maximum number of tokens per example, and whether to truncate longer examples."""

    tokens: int
    truncate: bool = False


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The encoded training and validation splits, along with the original training examples."""

    train: list[Tokens]
    validation: list[Tokens]
    examples: list[Example]
    max_tokens: int


def encode_splits(
    examples: Sequence[Example], chat: Chat, config: TrainingConfig, context: int
) -> TrainingData:
    """Encode the training and validation examples for a model with a context of `context` tokens.

    Raises `TrainerError` if there are no training examples, or if the examples can't be encoded.
    """
    limit = Limit(min(config.max_length or sys.maxsize, context), config.truncate)
    train = [example for example in examples if example.split is Split.TRAIN]
    validation = [example for example in examples if example.split is Split.VALIDATION]
    if not train:
        raise TrainerError(
            f"None of the {len(examples)} examples are in the training split. Freeze a version "
            "with training examples."
        )
    return TrainingData(
        encode(train, chat, limit), encode(validation, chat, limit), train, limit.tokens
    )


def encode(examples: Sequence[Example], chat: Chat, limit: Limit) -> list[Tokens]:
    """Encode examples as tokens, in order.

    Raises `TrainerError` if an example is too long and truncation is off, or if truncation removes
    all tokens that count towards the loss.
    """
    rows = [chat.encode_example(example) for example in examples]
    long = [len(row.ids) for row in rows if len(row.ids) > limit.tokens]
    if long and not limit.truncate:
        raise TrainerError(
            f"{len(long)} of {len(rows)} examples are longer than {limit.tokens} tokens (the "
            f"longest has {max(long)}). Leave them out, or set truncate = true to shorten them."
        )
    rows = [Tokens(row.ids[: limit.tokens], row.labels[: limit.tokens]) for row in rows]
    empty = sum(all(label == NO_LOSS for label in row.labels) for row in rows)
    if empty:
        raise TrainerError(
            f"{empty} of {len(rows)} examples have no assistant turn within the first "
            f"{limit.tokens} tokens, so there is nothing to learn. Leave them out or raise "
            "max_length."
        )
    return rows


def check_stop_token(examples: Sequence[Example], chat: Chat, stop_tokens: Sequence[int]) -> None:
    """Check that chats teach the model to end its answers with one of its stop tokens.

    Raises `TrainerError` if the chat template doesn't write a stop token after an answer.
    """
    turns = (Message(Role.USER, "Is it?"), Message(Role.ASSISTANT, "It is."))
    if not any(example.messages for example in examples):
        return
    _, _, end = chat.render(turns, is_prompt=False).rpartition(turns[-1].content)
    if not set(stop_tokens) & set(chat.tokenizer(end, add_special_tokens=False)["input_ids"]):
        names = ", ".join(map(str, chat.tokenizer.convert_ids_to_tokens(list(stop_tokens))))
        raise TrainerError(
            f"The chat template of {chat.tokenizer.name_or_path} doesn't end the assistant's turns "
            f"with a stop token ({names}), so the trained model's answers would never end. Use the "
            "model's instruct version, or write the token after the assistant's turns."
        )

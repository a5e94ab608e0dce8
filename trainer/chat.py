"""Chats as tokens: the one place where a template is rendered, for training and for answering.

A model answers well only in the template it was trained with. So both go through `Chat`, its
fingerprint is stored with the adapter, and answering with another template is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from db.records import Example, Message, Role, digest
from trainer.errors import TrainerError

NO_LOSS = -100
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
# Llama 3's templates tell the model the day; a run must not depend on when it was started.
_DATE = "26 Jul 2024"


@dataclass(frozen=True, slots=True)
class Tokens:
    """An example as it is trained on: token ids, and labels that are `NO_LOSS` where masked."""

    ids: list[int]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Chat:
    """A tokenizer with the chat template that marks what the assistant says."""

    tokenizer: PreTrainedTokenizerBase
    template: str

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> "Chat":
        """The chat of a tokenizer: with TRL's marked variant of its template, where it has one.

        Raises `TrainerError` if there is no template.
        """
        template = tokenizer.chat_template
        if isinstance(template, dict):
            template = template.get("default")
        if not template:
            raise TrainerError(
                f"the tokenizer of {tokenizer.name_or_path} has no chat template, expected one; "
                "use the model's instruct version"
            )
        try:
            marked = get_training_chat_template(tokenizer)
        except Exception:  # one that cannot be rendered is told when it is
            marked = None
        return cls(tokenizer, marked or template)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the template."""
        return digest(self.template)

    def encode_prompt(self, messages: Sequence[Message]) -> list[int]:
        """The token ids of a chat up to where the assistant speaks next."""
        rendered = self._render(messages, add_generation_prompt=True)
        return list(rendered["input_ids"])

    def text(self, messages: Sequence[Message], asked: bool) -> str:
        """A chat as the template writes it, up to where the assistant speaks next if `asked`."""
        return str(self._render(messages, tokenize=False, add_generation_prompt=asked))

    def encode_example(self, example: Example) -> Tokens:
        """An example's tokens; loss is on the assistant's turns of a chat, on a text as a whole."""
        if example.messages and has_generation_markers(self.template):
            rendered = self._render(example.messages, return_assistant_tokens_mask=True)
            ids, spoken = list(rendered["input_ids"]), rendered["assistant_masks"]
            return Tokens(ids, [i if s else NO_LOSS for i, s in zip(ids, spoken, strict=True)])
        if example.messages:
            return self._encode_by_prefix(example.messages)
        ids = list(self.tokenizer(example.text)["input_ids"])
        if ids[-1:] != [self.tokenizer.eos_token_id]:
            ids.append(self.tokenizer.eos_token_id)
        return Tokens(ids, list(ids))

    def _encode_by_prefix(self, messages: Sequence[Message]) -> Tokens:
        """A chat whose template marks no turns: what an answer adds to the chat before it.

        Raises `TrainerError` if the template renders earlier turns otherwise once more follow.
        """
        ids = list(self._render(messages)["input_ids"])
        labels = [NO_LOSS] * len(ids)
        for turn, message in enumerate(messages):
            if message.role is not Role.ASSISTANT:
                continue
            before = self.encode_prompt(messages[:turn])
            after = list(self._render(messages[: turn + 1])["input_ids"])
            if ids[: len(after)] != after or after[: len(before)] != before:
                raise TrainerError(
                    f"the chat template of {self.tokenizer.name_or_path} does not mark what the "
                    "assistant says, nor leave earlier turns as they are when more follow; put "
                    "{% generation %}…{% endgeneration %} around the assistant's words in it"
                )
            labels[len(before) : len(after)] = after[len(before) :]
        return Tokens(ids, labels)

    def _render(self, messages: Sequence[Message], **how: Any) -> Any:
        turns = [{"role": m.role.value, "content": m.content} for m in messages]
        try:
            return self.tokenizer.apply_chat_template(
                turns,
                chat_template=self.template,
                date_string=_DATE,
                **{"tokenize": True, "return_dict": True, **how},
            )
        except Exception as error:  # a template is a program from elsewhere
            raise TrainerError(
                f"the chat template of {self.tokenizer.name_or_path} refuses a chat of the turns "
                f"{', '.join(m.role for m in messages)}: {error}"
            ) from error


def strip_thoughts(text: str) -> str:
    """Remove the thoughts that some models write, or leave empty, before an answer."""
    return _THOUGHTS.sub("", text, count=1)


def make_storable(text: str) -> str:
    """Replace NUL and unpaired UTF-16 surrogates, which no database stores, with U+FFFD."""
    return (
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    )


def clean_reply(text: str) -> str:
    """Generated text as people see it: storable, without thoughts or outer white space."""
    return strip_thoughts(make_storable(text)).strip()


def prompt_of(example: Example) -> tuple[Message, ...]:
    """The turns that lead up to an example's last answer.

    Raises `TrainerError` if the example is a text, or does not end with the assistant.
    """
    if not example.messages or example.messages[-1].role is not Role.ASSISTANT:
        raise TrainerError(
            f"example {example.id[:12]} ({example.kind}) has no answer to ask for, expected a chat "
            "that ends with the assistant; leave statements and documents out of the prompts"
        )
    return example.messages[:-1]

"""Chats as tokens: the one place where a template is rendered, for training and for answering.

A model answers well only in the template it was trained with. So both go through `Chat`, its
fingerprint is stored with the adapter, and answering with another template is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from db.records import Example, Message, Role, digest
from trainer.errors import TrainerError

NO_LOSS = -100


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
        """The chat of a tokenizer.

        The tokenizer's own template is used where it marks the assistant's turns; for the
        families TRL knows (Llama, Qwen, Gemma, …), TRL's marked variant of it.

        Raises `TrainerError` if there is no template, or no way to tell the assistant's
        turns.
        """
        template = tokenizer.chat_template
        if isinstance(template, dict):
            template = template.get("default")
        if not template:
            raise TrainerError(
                f"the tokenizer of {tokenizer.name_or_path} has no chat template, expected one; "
                "use the model's instruct version"
            )
        if has_generation_markers(template):
            return cls(tokenizer, template)
        try:
            marked = get_training_chat_template(tokenizer)
        except ValueError:
            marked = None
        if not marked:
            raise TrainerError(
                f"the chat template of {tokenizer.name_or_path} does not mark what the assistant "
                "says; put {% generation %}…{% endgeneration %} around it"
            )
        return cls(tokenizer, marked)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the template."""
        return digest(self.template)

    def asked(self, messages: Sequence[Message]) -> list[int]:
        """The token ids of a chat up to where the assistant speaks next."""
        rendered = self._render(messages, add_generation_prompt=True)
        return list(rendered["input_ids"])

    def taught(self, example: Example) -> Tokens:
        """An example's tokens; loss is on the assistant's turns of a chat, on a text as a whole."""
        if example.messages:
            rendered = self._render(example.messages, return_assistant_tokens_mask=True)
            ids, spoken = list(rendered["input_ids"]), rendered["assistant_masks"]
            return Tokens(ids, [i if s else NO_LOSS for i, s in zip(ids, spoken, strict=True)])
        ids = list(self.tokenizer(example.text)["input_ids"])
        if ids[-1:] != [self.tokenizer.eos_token_id]:
            ids.append(self.tokenizer.eos_token_id)
        return Tokens(ids, list(ids))

    def _render(self, messages: Sequence[Message], **how: Any) -> Any:
        turns = [{"role": m.role.value, "content": m.content} for m in messages]
        return self.tokenizer.apply_chat_template(
            turns, chat_template=self.template, tokenize=True, return_dict=True, **how
        )


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

"""Convert chats to tokens for training and answering. Only this module renders chat templates.

A model answers well only with the chat template that it was trained with. Training and answering
both use the class `Chat`, so that they use the same template. The template's fingerprint is stored
with each adapter, and answering with a different template is an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import has_generation_markers

from db.records import Example, Message, Role, digest
from trainer.chat_template import DATE, prepare_template
from trainer.errors import TrainerError

NO_LOSS = -100
"""The label of tokens that don't count towards the loss."""
_TAGS = (
    *((f"<{tag}>", f"</{tag}>") for tag in ("think", "thinking", "thought", "reasoning")),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
)
"""The tags that models write around their thoughts."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token ids and labels of a training example; each label is the token's id or `NO_LOSS`."""

    ids: list[int]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Chat:
    """A tokenizer and its prepared chat template; `notes` describe the changes to the template."""

    tokenizer: PreTrainedTokenizerBase
    template: str
    notes: tuple[str, ...] = ()

    @classmethod
    def from_tokenizer(cls, tokenizer: PreTrainedTokenizerBase) -> "Chat":
        """Create a `Chat` from a tokenizer, with its template prepared.

        Raises `TrainerError` if the tokenizer has no template that can be used.
        """
        prepared = prepare_template(tokenizer)
        return cls(tokenizer, prepared.text, prepared.notes)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the chat template."""
        return digest(self.template)

    def encode_prompt(self, messages: Sequence[Message]) -> list[int]:
        """Encode a chat as token ids, up to the start of the next assistant turn."""
        return list(self._render(messages, add_generation_prompt=True)["input_ids"])

    def render(self, messages: Sequence[Message], is_prompt: bool) -> str:
        """Render a chat as text. A prompt also contains the start of the assistant's next turn."""
        return str(self._render(messages, tokenize=False, add_generation_prompt=is_prompt))

    def encode_example(self, example: Example) -> Tokens:
        """Encode an example so that its answers, or all of a plain text, count towards the loss.

        Answers whose `has_loss` is false don't count towards the loss.
        """
        if example.messages and has_generation_markers(self.template):
            rendered = self._render(example.messages, return_assistant_tokens_mask=True)
            ids, mask = list(rendered["input_ids"]), rendered["assistant_masks"]
            labels = [i if m else NO_LOSS for i, m in zip(ids, mask, strict=True)]
            return Tokens(ids, self._mask_answers(labels, example.messages))
        if example.messages:
            return self._encode_without_markers(example.messages)
        ids = list(self.tokenizer(example.text)["input_ids"])
        if ids[-1:] != [self.tokenizer.eos_token_id]:
            ids.append(self.tokenizer.eos_token_id)
        return Tokens(ids, list(ids))

    def decode_answer(self, ids: Sequence[int]) -> str:
        """Decode generated tokens as text, without control tokens and thoughts."""
        ids, added = list(ids), self.tokenizer.added_tokens_encoder
        for start, end in _TAGS:  # decoding would drop tags that are control tokens
            if added.get(end) in ids:
                ids = ids[ids.index(added[end]) + 1 :]
            elif start in added and ids[:1] == [added[start]]:
                ids = []
        return clean_reply(str(self.tokenizer.decode(ids, skip_special_tokens=True)))

    def _mask_answers(self, labels: list[int], messages: Sequence[Message]) -> list[int]:
        """Exclude answers whose `has_loss` is false from the loss.

        Raises `TrainerError` if the number of marked spans differs from the number of answers.
        """
        answers = [message for message in messages if message.role is Role.ASSISTANT]
        if all(answer.has_loss for answer in answers):
            return labels
        masked = [label == NO_LOSS for label in labels]
        edges = [n for n, (a, b) in enumerate(pairwise([True, *masked, True])) if a != b]
        spans = list(zip(edges[::2], edges[1::2], strict=True))
        if len(spans) > len(answers):  # an end-of-text token after the last answer
            last = str(self.tokenizer.decode(labels[slice(*spans[-1])], skip_special_tokens=True))
            spans = spans[:-1] if not last.strip() else spans
        if len(spans) != len(answers):
            raise TrainerError(
                f"The chat template of {self.tokenizer.name_or_path} marks {len(spans)} assistant "
                f"turns in a chat with {len(answers)} answers, so answers with weight 0 can't be "
                "masked. Use another base model, or leave out chats with weights."
            )
        for span, answer in zip(spans, answers, strict=True):
            if not answer.has_loss:
                labels[slice(*span)] = [NO_LOSS] * (span[1] - span[0])
        return labels

    def _encode_without_markers(self, messages: Sequence[Message]) -> Tokens:
        """Encode a chat, and find its answers by encoding the chat up to and including each answer.

        Raises `TrainerError` if the template changes earlier turns when new ones are added.
        """
        ids = list(self._render(messages)["input_ids"])
        labels = [NO_LOSS] * len(ids)
        for turn, message in enumerate(messages):
            if message.role is not Role.ASSISTANT or not message.has_loss:
                continue
            before = self.encode_prompt(messages[:turn])
            after = list(self._render(messages[: turn + 1])["input_ids"])
            if ids[: len(after)] != after or after[: len(before)] != before:
                raise TrainerError(
                    f"The chat template of {self.tokenizer.name_or_path} doesn't mark assistant "
                    "turns, and it changes earlier turns when new ones are added. Wrap the "
                    "assistant turns in {% generation %}…{% endgeneration %} in the template."
                )
            labels[len(before) : len(after)] = after[len(before) :]
        return Tokens(ids, labels)

    def _render(self, messages: Sequence[Message], **options: Any) -> Any:
        turns = [{"role": m.role.value, "content": m.content} for m in messages]
        try:
            return self.tokenizer.apply_chat_template(
                turns,
                chat_template=self.template,
                date_string=DATE,
                **{"tokenize": True, "return_dict": True, **options},
            )
        except Exception as error:  # a template can raise any error
            raise TrainerError(
                f"The chat template of {self.tokenizer.name_or_path} can't render a chat with "
                f"the turns {', '.join(m.role for m in messages)}: {error}. Use another base "
                "model, or leave out such chats."
            ) from error


def strip_thoughts(text: str) -> str:
    """Remove the thoughts, possibly empty, that some models write before an answer.

    The opening tag of a thought may be part of the prompt, in which case the text contains only the
    closing tag. If a thought has no end, the text was cut off before the answer, so an empty string
    is returned.
    """
    for start, end in _TAGS:
        before, _, after = text.partition(end)
        is_thought = start not in before or before.lstrip().startswith(start)
        if is_thought and before != text:
            return after.lstrip()
        if text.lstrip().startswith(start):
            return ""
    return text


def make_storable(text: str) -> str:
    """Replace characters that databases can't store (NUL, unpaired surrogates) with U+FFFD."""
    valid = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return valid.replace("\0", "\ufffd")


def clean_reply(text: str) -> str:
    """Clean generated text, removing unstorable characters, thoughts and outer white space."""
    return strip_thoughts(make_storable(text)).strip()


def prompt_of(example: Example) -> tuple[Message, ...]:
    """Return the turns of an example before its last answer.

    Raises `TrainerError` if the example is a plain text or doesn't end with an assistant turn.
    """
    if not example.messages or example.messages[-1].role is not Role.ASSISTANT:
        raise TrainerError(
            f"Example {example.id[:12]} ({example.kind}) isn't a chat that ends with an assistant "
            "turn, so there is no answer to generate. Leave statements and documents out of "
            "the prompts."
        )
    return example.messages[:-1]

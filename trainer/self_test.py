"""The self-test: loss is on what the assistant says in the first batch, or training stops.

It looks at the tensors that reach the model, decodes the tokens that carry loss, and compares them
with the turns of the examples themselves; it shares no code with what made the labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from db.records import Example, Role
from trainer.chat import NO_LOSS, Chat, prompt_of, strip_thoughts
from trainer.errors import TrainerError


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The training examples by their token ids, to find a batch's rows again.

    Examples of `limit` tokens may have been cut there, which they were then asked to be.
    """

    chat: Chat
    examples: Mapping[tuple[int, ...], Example]
    limit: int

    @property
    def padding(self) -> int:
        """The token that fills rows up."""
        return int(self.chat.tokenizer.pad_token_id)

    def check(self, input_ids: torch.Tensor, labels: torch.Tensor) -> None:
        """Compare the loss-carrying tokens of a batch with what its examples say.

        Raises `TrainerError` showing the mask of the first row that is wrong.
        """
        for row, row_labels in zip(input_ids.tolist(), labels.tolist(), strict=True):
            ids, marks = self._unpadded(row, row_labels)
            example = self.examples.get(tuple(ids))
            if example is None:
                self._stop("a row that is none of the examples", ids, marks)
            elif example.messages:
                self._check_chat(example, ids, marks)
            elif marks[1:] != ids[1:]:  # nothing comes before the first, so nothing predicts it
                self._stop("a plain text that does not carry loss as a whole", ids, marks)

    def _unpadded(self, row: list[int], labels: list[int]) -> tuple[list[int], list[int]]:
        """The row without its padding; a last token that carries loss is none."""
        end = len(row)
        while end and row[end - 1] == self.padding and labels[end - 1] < 0:
            end -= 1
        return row[:end], labels[:end]

    def _check_chat(self, example: Example, ids: list[int], marks: list[int]) -> None:
        spans = loss_spans(marks)
        share = 100 * sum(map(len, spans)) / len(ids)
        if share in (0, 100):
            self._stop(f"a chat in which {share:.0f} % of the tokens carry loss", ids, marks)
        cut = len(ids) >= self.limit
        if not self._says_what_was_said(example, spans, cut):
            self._stop("a chat whose loss is not on the assistant's turns", ids, marks)
        ends = set(self.chat.tokenizer.all_special_ids)
        if not all(ends & set(span) for span in (spans[:-1] if cut else spans)):
            self._stop("a turn whose end carries no loss, so it would never stop", ids, marks)
        asked = self.chat.encode_prompt(prompt_of(example))[: len(ids)]
        if ids[: len(asked)] != asked:
            self._stop("a chat that begins otherwise than it is asked when answering", ids, marks)

    def _says_what_was_said(self, example: Example, spans: list[list[int]], cut: bool) -> bool:
        tokenizer = self.chat.tokenizer
        said = [
            tokenizer(message.content, add_special_tokens=False)["input_ids"]
            for message in example.messages
            if message.role is Role.ASSISTANT
        ]
        found = [spoken(tokenizer, span) for span in spans]
        expected = [spoken(tokenizer, turn) for turn in said]
        if not cut:
            return (found[:-1] if found[-1:] == [""] else found) == expected  # a text's own end
        *whole, last = found
        rest = last.rstrip("\ufffd")  # the last token kept may be half a character
        turn = expected[len(whole)] if len(whole) < len(expected) else ""
        return whole == expected[: len(whole)] and bool(rest) and turn.startswith(rest)

    def _stop(self, found: str, ids: list[int], marks: list[int]) -> None:
        raise TrainerError(
            f"the self-test of the first batch found {found}; expected loss on the assistant's "
            "turns alone, or on the whole of a plain text; check the base model's chat template.\n"
            f"Its mask («…» carries loss): {show_mask(self.chat.tokenizer, ids, marks)}"
        )


def loss_spans(labels: Sequence[int]) -> list[list[int]]:
    """The unbroken stretches of tokens that carry loss."""
    spans: list[list[int]] = []
    previous = NO_LOSS
    for label in labels:
        if label != NO_LOSS:
            if previous == NO_LOSS:
                spans.append([])
            spans[-1].append(label)
        previous = label
    return spans


def spoken(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """Token ids as the words said: no control tokens, no empty thoughts, single spaces."""
    text = str(tokenizer.decode(list(ids), skip_special_tokens=True))
    return " ".join(strip_thoughts(text).split())


def show_mask(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], labels: Sequence[int]) -> str:
    """A row as text, with «» around what carries loss."""
    parts: list[str] = []
    start = 0
    for i in range(1, len(ids) + 1):
        if i == len(ids) or (labels[i] == NO_LOSS) != (labels[start] == NO_LOSS):
            text = str(tokenizer.decode(list(ids[start:i])))
            parts.append(text if labels[start] == NO_LOSS else f"«{text}»")
            start = i
    return "".join(parts)

"""Check before the first training step that only assistant turns count towards the loss.

The self-test decodes the tensors that the model receives, and compares the tokens that count
towards the loss with the assistant turns in the examples. The self-test shares no code with the
functions that label tokens, so it can detect bugs in these functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from transformers import PreTrainedTokenizerBase

from db.records import Example, Role
from trainer.chat import NO_LOSS, Chat, prompt_of, strip_thoughts
from trainer.errors import TrainerError


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Compares batches with the training examples, which are looked up by their token ids.

    Examples with exactly `limit` tokens may have been truncated.
    """

    chat: Chat
    examples: Mapping[tuple[int, ...], Example]
    limit: int

    def check(self, input_ids: torch.Tensor, labels: torch.Tensor) -> None:
        """Check that the tokens in a batch that count towards the loss belong to examples' answers.

        `input_ids` and `labels` have the shape (rows, tokens).

        Raises `TrainerError` if the wrong tokens of a row count towards the loss, and shows this
        row in the error message.
        """
        for row, row_labels in zip(input_ids.tolist(), labels.tolist(), strict=True):
            ids, marks = self._strip_padding(row, row_labels)
            example = self.examples.get(tuple(ids))
            if example is None:
                self._fail("a row in the batch doesn't match any training example", ids, marks)
            elif example.messages:
                self._check_chat(example, ids, marks)
            elif marks[1:] != ids[1:]:  # nothing predicts the first token
                self._fail("parts of a plain text carry no loss", ids, marks)

    def _strip_padding(self, row: list[int], labels: list[int]) -> tuple[list[int], list[int]]:
        """Remove the padding from the end of a row.

        A padding token that counts towards the loss isn't removed, because it ends a turn.
        """
        end, padding = len(row), self.chat.tokenizer.pad_token_id
        while end and row[end - 1] == padding and labels[end - 1] < 0:
            end -= 1
        return row[:end], labels[:end]

    def _check_chat(self, example: Example, ids: list[int], marks: list[int]) -> None:
        spans = loss_spans(marks)
        share = 100 * sum(map(len, spans)) / len(ids)
        if share in (0, 100):
            self._fail(f"{share:.0f} % of a chat's tokens carry loss", ids, marks)
        is_truncated = len(ids) >= self.limit
        if not self._matches_turns(example, spans, is_truncated):
            self._fail("a chat's loss isn't on the assistant's turns", ids, marks)
        ends = set(self.chat.tokenizer.all_special_ids)
        if not all(ends & set(span) for span in (spans[:-1] if is_truncated else spans)):
            self._fail("the end of a turn carries no loss, so answers wouldn't end", ids, marks)
        prompt = self.chat.encode_prompt(prompt_of(example))[: len(ids)]
        if ids[: len(prompt)] != prompt:
            self._fail("a chat starts differently than its prompt when answering", ids, marks)

    def _matches_turns(self, example: Example, spans: list[list[int]], is_truncated: bool) -> bool:
        """Return whether exactly the assistant turns of an example count towards the loss."""
        tokenizer = self.chat.tokenizer
        turns = [
            tokenizer(message.content, add_special_tokens=False)["input_ids"]
            for message in example.messages
            if message.role is Role.ASSISTANT and message.has_loss
        ]
        actual = [plain_words(tokenizer, span) for span in spans]
        expected = [plain_words(tokenizer, turn) for turn in turns]
        if not is_truncated:  # the end-of-text token after the last turn may be a separate span
            return (actual[:-1] if actual[-1:] == [""] else actual) == expected
        *complete, last = actual
        start = last.rstrip("\ufffd")  # truncation can split the last character
        turn = expected[len(complete)] if len(complete) < len(expected) else ""
        return complete == expected[: len(complete)] and bool(start) and turn.startswith(start)

    def _fail(self, problem: str, ids: list[int], marks: list[int]) -> None:
        raise TrainerError(
            f"The self-test of the first batch failed: {problem}. Check the base model's chat "
            "template: only assistant turns (or an entire plain text) may contribute to the loss.\n"
            "The mask (tokens in «…» count towards the loss): "
            f"{show_mask(self.chat.tokenizer, ids, marks)}"
        )


def loss_spans(labels: Sequence[int]) -> list[list[int]]:
    """Return the groups of consecutive tokens that count towards the loss."""
    runs = groupby(labels, key=lambda label: label != NO_LOSS)
    return [list(run) for has_loss, run in runs if has_loss]


def plain_words(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """Decode token ids to words, without control tokens, thinking blocks and extra white space."""
    text = str(tokenizer.decode(list(ids), skip_special_tokens=True))
    return " ".join(strip_thoughts(text).split())


def show_mask(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], labels: Sequence[int]) -> str:
    """Decode a row as text, with «» around the parts that count towards the loss."""
    parts = []
    pairs = zip(ids, labels, strict=True)
    for has_loss, run in groupby(pairs, key=lambda pair: pair[1] != NO_LOSS):
        text = str(tokenizer.decode([token for token, _ in run]))
        parts.append(f"«{text}»" if has_loss else text)
    return "".join(parts)

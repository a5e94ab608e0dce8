"""The self-test stops each way a loss mask can be wrong, and lets the right one pass."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from db.records import Example, Message, Role
from tests.trainer.conftest import TEMPLATE, chat_example, make_tokenizer, text_example
from trainer import sft
from trainer.chat import NO_LOSS, Chat, Tokens
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.self_test import SelfTest, loss_spans, show_mask

CHAT = Chat(make_tokenizer(), TEMPLATE)
TURNS = (
    Message(Role.SYSTEM, "be so green"),
    Message(Role.USER, "is it long?"),
    Message(Role.ASSISTANT, "it is"),
    Message(Role.USER, "and green?"),
    Message(Role.ASSISTANT, "that too"),
)
DIALOGUE = replace(chat_example(0), messages=TURNS)


def check(example: Example, tokens: Tokens, limit: int = 256, padding: int = 0) -> None:
    test = SelfTest(CHAT, {tuple(CHAT.encode_example(example).ids): example}, limit)
    test.check(
        torch.tensor([tokens.ids + [CHAT.tokenizer.pad_token_id] * padding]),
        torch.tensor([tokens.labels + [NO_LOSS] * padding]),
    )


@pytest.mark.parametrize("padding", [0, 7])
@pytest.mark.parametrize("example", [chat_example(3), DIALOGUE, text_example(3)])
def test_the_right_mask_passes(example: Example, padding: int) -> None:
    check(example, CHAT.encode_example(example), padding=padding)


def test_a_turn_s_words_and_its_end_carry_loss_and_nothing_else_does() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    said = [CHAT.tokenizer.decode(span) for span in loss_spans(tokens.labels)]
    assert said == [" it is</s>", " that too</s>"]
    mask = show_mask(CHAT.tokenizer, tokens.ids, tokens.labels)
    assert "<|assistant|>« it is</s>»<|user|>" in mask


def test_loss_on_everything_stops_the_run_and_shows_the_mask() -> None:
    ids = CHAT.encode_example(DIALOGUE).ids
    with pytest.raises(TrainerError, match=r"(?s)100 % of the tokens.*Its mask.*: «<s>.*that too"):
        check(DIALOGUE, Tokens(ids, ids))


def test_loss_on_nothing_stops_the_run() -> None:
    ids = CHAT.encode_example(DIALOGUE).ids
    with pytest.raises(TrainerError, match="0 % of the tokens carry loss"):
        check(DIALOGUE, Tokens(ids, [NO_LOSS] * len(ids)))


def test_loss_on_the_user_s_turns_stops_the_run() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    swapped = [
        NO_LOSS if label != NO_LOSS else token
        for token, label in zip(tokens.ids, tokens.labels, strict=True)
    ]
    with pytest.raises(TrainerError, match="not on the assistant's turns"):
        check(DIALOGUE, Tokens(tokens.ids, swapped))


def test_loss_on_the_last_turn_alone_stops_the_run() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    first = tokens.labels.index(loss_spans(tokens.labels)[0][0])
    labels = [NO_LOSS if i < first + 4 else label for i, label in enumerate(tokens.labels)]
    with pytest.raises(TrainerError, match="not on the assistant's turns"):
        check(DIALOGUE, Tokens(tokens.ids, labels))


def test_a_turn_whose_end_carries_no_loss_stops_the_run() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    labels = [NO_LOSS if label == CHAT.tokenizer.eos_token_id else label for label in tokens.labels]
    with pytest.raises(TrainerError, match="would never stop"):
        check(DIALOGUE, Tokens(tokens.ids, labels))


def test_a_row_that_is_no_example_stops_the_run() -> None:
    with pytest.raises(TrainerError, match="none of the examples"):
        check(DIALOGUE, CHAT.encode_example(chat_example(1)))


def test_a_text_without_loss_on_its_beginning_stops_the_run() -> None:
    tokens = CHAT.encode_example(text_example(1))
    with pytest.raises(TrainerError, match="does not carry loss as a whole"):
        check(text_example(1), Tokens(tokens.ids, [NO_LOSS, NO_LOSS, *tokens.labels[2:]]))


def test_a_template_that_asks_otherwise_than_it_teaches_stops_the_run() -> None:
    asks = TEMPLATE.replace("<|assistant|>{% endif %}", "<|user|>{% endif %}")
    odd = Chat(make_tokenizer(), asks)
    tokens = odd.encode_example(DIALOGUE)
    test = SelfTest(odd, {tuple(tokens.ids): DIALOGUE}, 256)
    with pytest.raises(TrainerError, match="begins otherwise than it is asked"):
        test.check(torch.tensor([tokens.ids]), torch.tensor([tokens.labels]))


@pytest.mark.parametrize("dropped", [1, 2, 3])
def test_an_example_cut_at_the_limit_passes(dropped: int) -> None:
    whole = CHAT.encode_example(DIALOGUE)
    cut = Tokens(whole.ids[:-dropped], whole.labels[:-dropped])
    test = SelfTest(CHAT, {tuple(cut.ids): DIALOGUE}, len(cut.ids))
    test.check(torch.tensor([cut.ids]), torch.tensor([cut.labels]))
    with pytest.raises(TrainerError, match=r"not on the assistant's turns|never stop"):
        SelfTest(CHAT, test.examples, 256).check(
            torch.tensor([cut.ids]), torch.tensor([cut.labels])
        )


def test_the_test_runs_before_the_first_step(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_everything(chat: Chat, example: Example) -> Tokens:
        ids = list(chat.encode_prompt(example.messages))
        return Tokens(ids, ids)

    steps: list[int] = []

    def count(done: int, total: int, loss: float) -> None:
        steps.append(done)

    monkeypatch.setattr(Chat, "encode_example", on_everything)
    config = TrainingConfig(base=str(tiny_model), steps=2, batch_size=2)
    with pytest.raises(TrainerError, match="self-test of the first batch found a chat in which"):
        sft.train([chat_example(n) for n in range(4)], config, tmp_path, progress=count)
    assert steps == []
    assert not (tmp_path / "adapter").exists()

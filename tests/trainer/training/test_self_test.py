"""The self-test rejects every kind of wrong loss mask and accepts the right one."""

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
from trainer.training.self_test import SelfTest, loss_spans, show_mask

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


def test_only_the_assistant_s_turns_and_their_ends_carry_loss() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    spans = [CHAT.tokenizer.decode(span) for span in loss_spans(tokens.labels)]
    assert spans == [" it is</s>", " that too</s>"]
    mask = show_mask(CHAT.tokenizer, tokens.ids, tokens.labels)
    assert "<|assistant|>« it is</s>»<|user|>" in mask


def test_loss_on_everything_is_rejected_with_the_mask() -> None:
    ids = CHAT.encode_example(DIALOGUE).ids
    with pytest.raises(TrainerError, match=r"(?s)100 % of a chat's.*The mask.*: «<s>.*that too"):
        check(DIALOGUE, Tokens(ids, ids))


def test_loss_on_nothing_is_rejected() -> None:
    ids = CHAT.encode_example(DIALOGUE).ids
    with pytest.raises(TrainerError, match="0 % of a chat's tokens carry loss"):
        check(DIALOGUE, Tokens(ids, [NO_LOSS] * len(ids)))


def test_loss_on_the_user_s_turns_is_rejected() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    swapped = [
        NO_LOSS if label != NO_LOSS else token
        for token, label in zip(tokens.ids, tokens.labels, strict=True)
    ]
    with pytest.raises(TrainerError, match="isn't on the assistant's turns"):
        check(DIALOGUE, Tokens(tokens.ids, swapped))


def test_loss_on_the_last_turn_only_is_rejected() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    first = tokens.labels.index(loss_spans(tokens.labels)[0][0])
    labels = [NO_LOSS if i < first + 4 else label for i, label in enumerate(tokens.labels)]
    with pytest.raises(TrainerError, match="isn't on the assistant's turns"):
        check(DIALOGUE, Tokens(tokens.ids, labels))


def test_a_turn_whose_end_carries_no_loss_is_rejected() -> None:
    tokens = CHAT.encode_example(DIALOGUE)
    labels = [NO_LOSS if label == CHAT.tokenizer.eos_token_id else label for label in tokens.labels]
    with pytest.raises(TrainerError, match="answers wouldn't end"):
        check(DIALOGUE, Tokens(tokens.ids, labels))


def test_a_row_that_is_not_an_example_is_rejected() -> None:
    with pytest.raises(TrainerError, match="match any training example"):
        check(DIALOGUE, CHAT.encode_example(chat_example(1)))


def test_a_text_without_loss_on_its_start_is_rejected() -> None:
    tokens = CHAT.encode_example(text_example(1))
    with pytest.raises(TrainerError, match="parts of a plain text carry no loss"):
        check(text_example(1), Tokens(tokens.ids, [NO_LOSS, NO_LOSS, *tokens.labels[2:]]))


def test_a_template_with_a_different_prompt_is_rejected() -> None:
    template = TEMPLATE.replace("<|assistant|>{% endif %}", "<|user|>{% endif %}")
    odd = Chat(make_tokenizer(), template)
    tokens = odd.encode_example(DIALOGUE)
    test = SelfTest(odd, {tuple(tokens.ids): DIALOGUE}, 256)
    with pytest.raises(TrainerError, match="starts differently than its prompt"):
        test.check(torch.tensor([tokens.ids]), torch.tensor([tokens.labels]))


@pytest.mark.parametrize("dropped", [1, 2, 3])
def test_an_example_truncated_at_the_limit_passes(dropped: int) -> None:
    whole = CHAT.encode_example(DIALOGUE)
    cut = Tokens(whole.ids[:-dropped], whole.labels[:-dropped])
    test = SelfTest(CHAT, {tuple(cut.ids): DIALOGUE}, len(cut.ids))
    test.check(torch.tensor([cut.ids]), torch.tensor([cut.labels]))
    with pytest.raises(TrainerError, match=r"isn't on the assistant's turns|wouldn't end"):
        SelfTest(CHAT, test.examples, 256).check(
            torch.tensor([cut.ids]), torch.tensor([cut.labels])
        )


def test_a_failed_self_test_stops_training_before_the_first_step(
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
    with pytest.raises(TrainerError, match="self-test of the first batch failed: 100 % of a chat"):
        sft.train([chat_example(n) for n in range(4)], config, tmp_path, on_step=count)
    assert steps == []
    assert not (tmp_path / "adapter").exists()

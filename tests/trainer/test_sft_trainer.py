"""The trainer's loss is TRL's, computed with less; it reports to nobody."""

from pathlib import Path

import pytest
import torch
from trl.trainer.sft_trainer import SFTTrainer

from db.records import Example
from tests.trainer.conftest import chat_example, text_example
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.libraries import quiet_libraries
from trainer.models import load_model, load_tokenizer
from trainer.precision import choose_precision
from trainer.sft import make_trainer
from trainer.sft_trainer import TimbreSFTTrainer


@pytest.fixture
def tuner(tiny_model: Path, tmp_path: Path) -> TimbreSFTTrainer:
    examples = [chat_example(n) for n in range(6)] + [text_example(n) for n in range(2)]
    return tuner_of(tiny_model, tmp_path, examples, packing=False)


def tuner_of(base: Path, folder: Path, examples: list[Example], packing: bool) -> TimbreSFTTrainer:
    config = TrainingConfig(str(base), steps=2, packing=packing)
    with quiet_libraries():
        model = load_model(base, choose_precision("float32", "cpu"))
        chat = Chat.of(load_tokenizer(base))
        return make_trainer(model, chat, examples, config, folder)[0]


@pytest.mark.parametrize("items", [None, torch.tensor(100)])
def test_the_loss_and_its_gradients_are_trl_s(
    tuner: TimbreSFTTrainer, items: torch.Tensor | None
) -> None:
    batch = next(iter(tuner.get_train_dataloader()))
    model = tuner.model
    assert model is not None
    losses, gradients = [], []
    for kind in (TimbreSFTTrainer, SFTTrainer):
        model.zero_grad()
        loss = kind.compute_loss(tuner, model, dict(batch), num_items_in_batch=items)  # type: ignore[no-untyped-call] # TRL's
        loss.backward()
        losses.append(loss.detach())
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert torch.allclose(losses[0], losses[1], rtol=1e-5)
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_no_token_of_a_packed_batch_attends_to_another_example(
    tiny_model: Path, tmp_path: Path
) -> None:
    examples = [chat_example(n) for n in range(5)] + [text_example(n) for n in range(3)]
    packed = tuner_of(tiny_model, tmp_path / "packed", examples, packing=True)
    whole = next(iter(packed.get_train_dataloader()))
    assert whole["input_ids"].shape[0] == 1
    assert "attention_mask" not in whole
    together = packed.compute_loss(packed.model, whole, num_items_in_batch=torch.tensor(1))
    alone = 0.0
    for number, example in enumerate(examples):
        one = tuner_of(tiny_model, tmp_path / str(number), [example], packing=False)
        batch = next(iter(one.get_train_dataloader()))
        loss = one.compute_loss(one.model, batch, num_items_in_batch=torch.tensor(1))
        alone += loss.item()
    assert together.item() == pytest.approx(alone, rel=1e-5)


def test_an_empty_batch_costs_nothing(tuner: TimbreSFTTrainer) -> None:
    batch = next(iter(tuner.get_train_dataloader()))
    batch["labels"][:] = -100
    assert tuner.compute_loss(tuner.model, batch) == 0


def test_no_telemetry_is_sent(tuner: TimbreSFTTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr("trl.trainer.base_trainer.send_telemetry", lambda **what: sent.append(what))
    tuner._send_telemetry()
    assert sent == []

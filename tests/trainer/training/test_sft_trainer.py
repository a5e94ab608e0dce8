"""Our trainer computes TRL's loss at less cost and sends no telemetry."""

from pathlib import Path

import pytest
import torch
from trl.trainer.sft_trainer import SFTTrainer

from db.records import Example
from tests.trainer.conftest import chat_example, text_example
from trainer.config import TrainingConfig
from trainer.libraries import quiet_libraries
from trainer.models.loading import open_base
from trainer.sft import make_trainer
from trainer.training.sft_trainer import TimbreSFTTrainer


@pytest.fixture
def trainer(tiny_model: Path, tmp_path: Path) -> TimbreSFTTrainer:
    examples = [chat_example(n) for n in range(6)] + [text_example(n) for n in range(2)]
    return trainer_of(tiny_model, tmp_path, examples)


def trainer_of(
    base: Path, folder: Path, examples: list[Example], packing: bool = False
) -> TimbreSFTTrainer:
    config = TrainingConfig(str(base), steps=2, packing=packing)
    with quiet_libraries():
        return make_trainer(open_base(str(base), "", "float32"), examples, config, folder)


@pytest.mark.parametrize("items", [None, torch.tensor(100)])
def test_the_loss_and_its_gradients_equal_trl_s(
    trainer: TimbreSFTTrainer, items: torch.Tensor | None
) -> None:
    batch = next(iter(trainer.get_train_dataloader()))
    model = trainer.model
    assert model is not None
    losses, gradients = [], []
    for kind in (TimbreSFTTrainer, SFTTrainer):
        model.zero_grad()
        loss = kind.compute_loss(trainer, model, dict(batch), num_items_in_batch=items)
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
    packed = trainer_of(tiny_model, tmp_path / "packed", examples, packing=True)
    batch = next(iter(packed.get_train_dataloader()))
    assert batch["input_ids"].shape[0] == 1
    assert "attention_mask" not in batch
    together = packed.compute_loss(packed.model, batch, num_items_in_batch=torch.tensor(1))
    alone = 0.0
    for number, example in enumerate(examples):
        one = trainer_of(tiny_model, tmp_path / str(number), [example])
        batch = next(iter(one.get_train_dataloader()))
        loss = one.compute_loss(one.model, batch, num_items_in_batch=torch.tensor(1))
        alone += loss.item()
    assert together.item() == pytest.approx(alone, rel=1e-5)


def test_a_batch_without_loss_has_a_loss_of_zero(trainer: TimbreSFTTrainer) -> None:
    batch = next(iter(trainer.get_train_dataloader()))
    batch["labels"][:] = -100
    assert trainer.compute_loss(trainer.model, batch) == 0


def test_no_telemetry_is_sent(trainer: TimbreSFTTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(
        "trl.trainer.base_trainer.send_telemetry", lambda **facts: sent.append(facts)
    )
    trainer._send_telemetry()
    assert sent == []

"""TRL's trainer with a self-test, a faster loss on CPUs, and no telemetry to third parties.

On a CPU, TRL's loss computes logits for every position in a batch, including prompts, which took
half the time of each step. Timbre computes logits only for the positions that count towards the
loss, which gives the same result. On a GPU, Timbre uses TRL's loss.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from datasets import Dataset
from peft import PeftModel
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import PrinterCallback
from trl.trainer.sft_trainer import SFTTrainer

from trainer.chat import NO_LOSS, Chat, Tokens
from trainer.config import TrainingConfig
from trainer.training.encoding import TrainingData
from trainer.training.packing import use_packed_attention
from trainer.training.self_test import SelfTest
from trainer.training.training_arguments import training_arguments

_MODEL_INPUTS = ("input_ids", "attention_mask", "position_ids")

StepCallback: TypeAlias = Callable[[int, int, float], None]
"""Called after every step with the number of finished steps, the total, and the loss."""


class TimbreSFTTrainer(SFTTrainer):
    """Trains an adapter; `tokens_seen` counts the tokens that this process has read."""

    def __init__(
        self,
        adapted: PeftModel,
        data: TrainingData,
        chat: Chat,
        config: TrainingConfig,
        folder: Path,
    ) -> None:
        """Set up the training of an adapter on encoded examples, with checkpoints in `folder`."""
        base: Any = adapted.get_base_model()
        if config.packing:
            use_packed_attention(base)
        super().__init__(
            model=adapted,
            args=training_arguments(config, base, len(data.train), folder),
            train_dataset=_dataset(data.train),
            eval_dataset=_dataset(data.validation) if data.validation else None,
            processing_class=chat.tokenizer,
        )
        self.remove_callback(PrinterCallback)
        self.adapted = adapted
        self.tokens_seen = 0
        self.on_step: StepCallback | None = None
        by_ids = {tuple(row.ids): e for row, e in zip(data.train, data.examples, strict=True)}
        self.self_test: SelfTest | None = SelfTest(chat, by_ids, data.max_tokens)
        self._last_log = 0.0
        for parameter in adapted.parameters():
            if parameter.requires_grad:  # TRL converts the adapter of a quantised base to bfloat16
                parameter.data = parameter.data.float()

    def train(self, *args: Any, **options: Any) -> Any:
        """Train the adapter, and log every step with its duration in seconds."""
        self._last_log = time.monotonic()
        return super().train(*args, **options)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a step with the seconds since the previous step, and report its loss to `on_step`."""
        now = time.monotonic()
        logs["seconds"], self._last_log = now - self._last_log, now
        super().log(logs, start_time)
        if self.on_step and "loss" in logs:
            self.on_step(self.state.global_step, self.state.max_steps, logs["loss"])

    def training_step(self, model: Any, inputs: Any, *args: Any, **options: Any) -> Any:
        """Run a training step. Before the first step in this process, run the self-test."""
        if self.self_test:
            padding = self.self_test.chat.tokenizer.pad_token_id
            self.self_test.check(*_unpack_rows(inputs, padding))
            self.self_test = None
        mask = inputs.get("attention_mask")
        self.tokens_seen += inputs["input_ids"].numel() if mask is None else int(mask.sum())
        return super().training_step(model, inputs, *args, **options)  # type: ignore[no-untyped-call] # TRL's

    def compute_loss(
        self,
        model: Any,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Compute the mean negative log-likelihood, in nats, of the labelled tokens."""
        if return_outputs or model.device.type == "cuda":
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)  # type: ignore[no-untyped-call] # TRL's
        labels = inputs["labels"][:, 1:]
        has_loss = labels != NO_LOSS
        head = self.accelerator.unwrap_model(model).get_base_model().get_output_embeddings()
        # Reduce only the head's input, because later scaling or capping differs by model family.
        hook = head.register_forward_pre_hook(lambda _, args: (args[0][:, :-1][has_loss],))
        try:
            model_inputs = {name: inputs[name] for name in _MODEL_INPUTS if name in inputs}
            logits = model(**model_inputs, use_cache=False).logits
        finally:
            hook.remove()
        total = cross_entropy(logits.float(), labels[has_loss], reduction="sum")
        if num_items_in_batch is None:
            return total / has_loss.sum().clamp(min=1)
        scale = self.accelerator.num_processes if self.args.average_tokens_across_devices else 1
        return total / torch.as_tensor(num_items_in_batch).clamp(min=1) * scale

    def step_losses(self) -> tuple[float, ...]:
        """Return every step's loss in nats per token, including steps before an interruption."""
        return tuple(float(entry["loss"]) for entry in self.state.log_history if "loss" in entry)

    def final_metrics(self) -> dict[str, float]:
        """Return the final metrics, with the validation loss if there is a validation split."""
        tokens = torch.tensor([self.tokens_seen], device=self.accelerator.device)
        metrics = {
            "steps": float(self.state.global_step),
            "learning_rate": float(self.args.learning_rate),
            "tokens": float(self.accelerator.gather(tokens).sum()),
            "training_seconds": float(self.state.log_history[-1]["train_runtime"]),
            "training_loss": self.step_losses()[-1],
        }
        if self.eval_dataset is not None:
            metrics["validation_loss"] = float(self.evaluate()["eval_loss"])
        return metrics

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Skip TRL's model card, because Timbre writes a model card with attribution."""

    def _send_telemetry(self) -> None:
        """Skip TRL's telemetry, because training data and settings should stay private."""


def _dataset(rows: Sequence[Tokens]) -> Dataset:
    return Dataset.from_list([{"input_ids": row.ids, "labels": row.labels} for row in rows])


def _unpack_rows(inputs: Any, padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the token ids and labels in a batch, with one example per row."""
    ids, labels = inputs["input_ids"], inputs["labels"]
    if "position_ids" not in inputs:
        return ids, labels
    starts = (inputs["position_ids"][0] == 0).nonzero()[1:, 0].tolist()
    ids, labels = (torch.tensor_split(row[0].cpu(), starts) for row in (ids, labels))
    return pad_sequence(list(ids), True, padding), pad_sequence(list(labels), True, NO_LOSS)

"""TRL's trainer, which tests its first batch, scores only what is learnt from, and tells nobody.

On a GPU TRL's own loss is kept. On a CPU that loss projects every position of a batch onto the
vocabulary, the prompts' too, which was half of each step's time; here it projects those alone that
carry loss, to the same result.
"""

import time
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from trl.trainer.sft_trainer import SFTTrainer

from trainer.chat import NO_LOSS
from trainer.self_test import SelfTest

_READ = ("input_ids", "attention_mask", "position_ids")


class TimbreSFTTrainer(SFTTrainer):
    """The trainer of the recipe; `self_test` is set before it trains, `tokens_seen` counts up."""

    self_test: SelfTest | None = None
    tokens_seen: int = 0
    _told_at: float = 0.0

    def train(self, *given: Any, **how: Any) -> Any:
        """Train; each step's entry in the log has the seconds it took."""
        self._told_at = time.monotonic()
        return super().train(*given, **how)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a step, with the seconds since the one before."""
        now = time.monotonic()
        logs["seconds"], self._told_at = now - self._told_at, now
        super().log(logs, start_time)

    def training_step(self, model: Any, inputs: Any, *rest: Any, **more: Any) -> Any:
        """One step, after the self-test where it is the first of this process."""
        if self.self_test:
            self.self_test.check(*_one_row_each(inputs, self.self_test.padding))
            self.self_test = None
        padded = inputs.get("attention_mask")
        self.tokens_seen += inputs["input_ids"].numel() if padded is None else int(padded.sum())
        return super().training_step(model, inputs, *rest, **more)  # type: ignore[no-untyped-call] # as TRL has it

    def compute_loss(
        self,
        model: Any,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The mean negative log-likelihood, in nats, of the tokens that carry loss."""
        if return_outputs or model.device.type == "cuda":
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)  # type: ignore[no-untyped-call] # as TRL has it
        labels = inputs["labels"][:, 1:]
        learnt = labels != NO_LOSS
        head = self.accelerator.unwrap_model(model).get_base_model().get_output_embeddings()
        # what follows the head (scaling, capping) differs by family and stays the model's own
        hook = head.register_forward_pre_hook(lambda _, given: (given[0][:, :-1][learnt],))
        try:
            told = {name: inputs[name] for name in _READ if name in inputs}
            logits = model(**told, use_cache=False).logits
        finally:
            hook.remove()
        total = cross_entropy(logits.float(), labels[learnt], reduction="sum")
        if num_items_in_batch is None:
            return total / learnt.sum().clamp(min=1)
        share = self.accelerator.num_processes if self.args.average_tokens_across_devices else 1
        return total / torch.as_tensor(num_items_in_batch).clamp(min=1) * share

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Nothing: Timbre writes its own card, with attribution."""

    def _send_telemetry(self) -> None:
        """Nothing: what is trained here is nobody else's business."""


def _one_row_each(inputs: Any, padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch's token ids and labels with one example a row, also where they lie end to end."""
    ids, labels = inputs["input_ids"], inputs["labels"]
    if "position_ids" not in inputs:
        return ids, labels
    starts = (inputs["position_ids"][0] == 0).nonzero()[1:, 0].tolist()
    apart = [torch.tensor_split(row[0].cpu(), starts) for row in (ids, labels)]
    return pad_sequence(list(apart[0]), True, padding), pad_sequence(list(apart[1]), True, NO_LOSS)

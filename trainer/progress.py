"""How a training tells what it does: the loss of each step, and the measures at the end."""

from collections.abc import Callable
from typing import Any, TypeAlias

from transformers import TrainerCallback

from trainer.devices import total
from trainer.sft_trainer import TimbreSFTTrainer

Progress: TypeAlias = Callable[[int, int, float], None]
"""Told after every step: steps done, steps in all, the step's loss."""


class Report(TrainerCallback):
    """Passes each step's loss on."""

    def __init__(self, progress: Progress) -> None:
        """Tell `progress`."""
        self.progress = progress

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Called by the trainer whenever it has something to say; hands its control back."""
        if "loss" in (logs := kwargs["logs"]):
            self.progress(state.global_step, state.max_steps, logs["loss"])
        return control


def losses_of(trainer: TimbreSFTTrainer) -> tuple[float, ...]:
    """The loss of every step, those before an interruption too, in nats per token."""
    return tuple(float(x["loss"]) for x in trainer.state.log_history if "loss" in x)


def metrics_of(trainer: TimbreSFTTrainer) -> dict[str, float]:
    """A finished training in numbers; the validation side is measured here, where there is one."""
    history = trainer.state.log_history
    last = next(entry for entry in reversed(history) if "loss" in entry)
    metrics = {
        "steps": float(trainer.state.global_step),
        "learning_rate": float(trainer.args.learning_rate),
        "tokens": float(total(trainer, trainer.tokens_seen)),
        "training_seconds": float(history[-1]["train_runtime"]),
        "training_loss": float(last["loss"]),
    }
    if trainer.eval_dataset is not None:
        metrics["validation_loss"] = float(trainer.evaluate()["eval_loss"])
    return metrics

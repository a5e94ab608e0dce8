"""The processes that train one adapter together, as `accelerate launch` starts them; else just one.

The first of them is_main_process: it alone keeps the folder and writes. All of them compute the same plan.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import PartialState

from trainer.errors import TrainerError
from trainer.precision import best_device


def is_main_process() -> bool:
    """Whether this process is the first of those that train together, or the only one."""
    return bool(_state().is_main_process)


def processes() -> int:
    """How many processes train together."""
    return int(_state().num_processes)


@contextmanager
def leader_first() -> Iterator[None]:
    """Let the leader do what is in the block before the others do."""
    with _state().main_process_first():
        yield


def wait_for_all() -> None:
    """Go on once every process has come this far."""
    _state().wait_for_everyone()


def share_of(batch_size: int) -> int:
    """How many examples of a batch fall to each process.

    Raises `TrainerError` if they cannot be shared out evenly.
    """
    count = processes()
    if batch_size % count:
        raise TrainerError(
            f"found batch_size = {batch_size} for {count} processes, expected a multiple of "
            f"{count}, for a batch is shared among them; set it, and gradient_accumulation to suit"
        )
    return batch_size // count


def gathered_weights(trainer: Any) -> dict[str, torch.Tensor] | None:
    """All weights of a model that is split over devices; None where each process has it whole."""
    if not (trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled):
        return None
    weights: dict[str, torch.Tensor] = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    return weights


def total(trainer: Any, count: int) -> int:
    """The sum of a count over all processes."""
    mine = torch.tensor([count], device=trainer.accelerator.device)
    return int(trainer.accelerator.gather(mine).sum())


def _state() -> PartialState:
    return PartialState(cpu=best_device() == "cpu")

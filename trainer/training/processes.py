"""Training on several devices: the processes that `accelerate launch` starts for one adapter.

The main process holds the run's folder and writes to it; all processes compute the same plan.
Without `accelerate launch` there is one process, the main one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trainer.errors import TrainerError
from trainer.models.precision import best_device

if TYPE_CHECKING:
    from accelerate import PartialState


def is_main_process() -> bool:
    """Whether this process is the main one."""
    return bool(_state().is_main_process)


def process_count() -> int:
    """How many processes train together."""
    return int(_state().num_processes)


@contextmanager
def main_process_first() -> Iterator[None]:
    """Let the main process finish the block before the others enter it."""
    with _state().main_process_first():
        yield


def wait_for_all() -> None:
    """Wait until every process reaches this call."""
    _state().wait_for_everyone()


def batch_size_per_process(batch_size: int) -> int:
    """How many examples of a batch each process takes.

    Raises `TrainerError` if the batch can't be divided evenly.
    """
    count = process_count()
    if batch_size % count:
        raise TrainerError(
            f"batch_size is {batch_size}, which {count} processes can't share evenly. Make it a "
            f"multiple of {count}, and adjust gradient_accumulation."
        )
    return batch_size // count


def gather_weights(trainer: Any) -> dict[str, Any] | None:
    """All weights of a model that is sharded over devices, None for an unsharded model."""
    if not (trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled):
        return None
    weights: dict[str, Any] = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    return weights


def sum_over_processes(trainer: Any, count: int) -> int:
    """The sum of a count over all processes."""
    import torch

    local = torch.tensor([count], device=trainer.accelerator.device)
    return int(trainer.accelerator.gather(local).sum())


def _state() -> "PartialState":
    from accelerate import PartialState  # takes seconds: it imports torch

    return PartialState(cpu=best_device() == "cpu")

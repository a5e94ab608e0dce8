"""The processes that `accelerate launch` starts to train one adapter on several devices.

Every process prepares the same run, but only the main process locks the run folder and writes to
it. Without `accelerate launch`, there is only one process, which is the main process.
"""

from typing import TYPE_CHECKING

from trainer.models.precision import best_device

if TYPE_CHECKING:
    from accelerate import PartialState


def process_state() -> "PartialState":
    """Return the state of this process, such as its rank among processes that train together."""
    from accelerate import PartialState  # slow, because it imports torch

    return PartialState(cpu=best_device() == "cpu")


def is_main_process() -> bool:
    """Return whether this process is the main process of the training run."""
    return bool(process_state().is_main_process)

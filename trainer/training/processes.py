"""The processes that `accelerate launch` starts to train one adapter on several devices.

The main process holds the run's folder and writes to it; all processes compute the same plan.
Without `accelerate launch` there is one process, the main one.
"""

from typing import TYPE_CHECKING

from trainer.models.precision import best_device

if TYPE_CHECKING:
    from accelerate import PartialState


def process_state() -> "PartialState":
    """This process's place among those that train together."""
    from accelerate import PartialState  # takes seconds: it imports torch

    return PartialState(cpu=best_device() == "cpu")


def is_main_process() -> bool:
    """Whether this process is the main one."""
    return bool(process_state().is_main_process)

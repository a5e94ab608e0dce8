"""Failures of the machine, said in one sentence that names the knob to turn."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from trainer.errors import TrainerError


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn memory that runs out and a disk that fills into a `TrainerError`; let the rest pass."""
    try:
        yield
    except TrainerError:
        raise
    except (MemoryError, RuntimeError, OSError, ValueError) as error:
        if is_memory(error):
            raise TrainerError(
                "the machine ran out of memory; halve batch_size (and double "
                "gradient_accumulation), or set gradient_checkpointing = true, or precision = nf4"
            ) from error
        if _is_disk(error):
            raise TrainerError(
                "the disk is full, so what was being written is not kept; make room, then give the "
                "command again"
            ) from error
        raise


def is_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return "can't allocate memory" in str(error) or "out of memory" in str(error).lower()


def _is_disk(error: Exception) -> bool:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or "No space left on device" in str(error)

"""Context managers that silence torch, transformers and TRL, make errors readable and set seeds."""

import errno
import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import datasets
import numpy as np
import torch
from transformers import set_seed
from transformers.utils import logging as transformers_logging

from trainer.errors import TrainerError

_NAMES = ("transformers", "trl", "peft", "accelerate", "datasets", "sentence_transformers", "torch")


@contextmanager
def library_session(seed: int | None = None) -> Iterator[None]:
    """Silence the libraries, make their errors readable, and set their seed if `seed` is given."""
    seeded = nullcontext() if seed is None else seed_everything(seed)
    with quiet_libraries(), readable_errors(), seeded:
        yield


@contextmanager
def seed_everything(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and torch for the duration of a `with` block, then restore their state."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            set_seed(seed)
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence the progress bars, warnings and logs of the training libraries, except for errors.

    Timbre's command line already shows progress, losses and precision. Most messages from these
    libraries are advice for people who write training scripts.
    """
    levels = {name: logging.getLogger(name).level for name in _NAMES}
    has_dataset_bars = not datasets.are_progress_bars_disabled()
    has_model_bars = transformers_logging.is_progress_bar_enabled()
    for name in _NAMES:
        logging.getLogger(name).setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if has_dataset_bars:
            datasets.enable_progress_bars()
        if has_model_bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def readable_errors() -> Iterator[None]:
    """Convert out-of-memory and disk-full errors to `TrainerError`; other errors pass through."""
    try:
        yield
    except TrainerError:
        raise
    except (MemoryError, RuntimeError, OSError, ValueError) as error:
        if is_out_of_memory(error):
            raise TrainerError(
                "The machine ran out of memory. Halve batch_size (and double "
                "gradient_accumulation), or set gradient_checkpointing = true or precision = "
                '"nf4".'
            ) from error
        if _is_disk_full(error):
            raise TrainerError(
                "The disk is full, so the last file wasn't saved. Free some space, then run the "
                "command again."
            ) from error
        raise


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error means that the machine or the GPU ran out of memory."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return "can't allocate memory" in str(error) or "out of memory" in str(error).lower()


def _is_disk_full(error: Exception) -> bool:
    code = error.errno if isinstance(error, OSError) else None
    return code in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error)

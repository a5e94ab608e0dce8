"""Chance that repeats, kept to the block it is used in."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from transformers import set_seed


@contextmanager
def seed_everything(seed: int) -> Iterator[None]:
    """Python's, numpy's and torch's chance set by a seed inside the block, as it was after it."""
    python, numbers = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            set_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)

"""Seeding repeats random numbers inside a block and restores the state after it."""

import random

import numpy as np
import torch

from trainer.libraries import seed_everything


def draw() -> tuple[float, float, float]:
    python = random.random()  # noqa: S311 - not for secrets
    return python, float(np.random.rand()), torch.rand(1).item()


def test_the_same_seed_gives_the_same_numbers() -> None:
    draws = []
    for seed in (1, 1, 2):
        with seed_everything(seed):
            draws.append(draw())
    assert draws[0] == draws[1] != draws[2]


def test_the_state_outside_the_block_is_restored() -> None:
    with seed_everything(7):
        draw()
        without = draw()
    with seed_everything(7):
        draw()
        with seed_everything(3):
            draw()
        assert draw() == without

"""Seeded chance repeats, and leaves everyone else's as it was."""

import random

import numpy as np
import torch

from trainer.seed import seed_everything


def throw() -> tuple[float, float, float]:
    python = random.random()  # noqa: S311 - not for secrets
    return python, float(np.random.rand()), torch.rand(1).item()


def test_the_same_seed_throws_the_same() -> None:
    thrown = []
    for seed in (1, 1, 2):
        with seed_everything(seed):
            thrown.append(throw())
    assert thrown[0] == thrown[1] != thrown[2]


def test_the_chance_around_it_goes_on_as_if_nothing_had_happened() -> None:
    with seed_everything(7):
        throw()
        without = throw()
    with seed_everything(7):
        throw()
        with seed_everything(3):
            throw()
        assert throw() == without

"""The settings of a training run: what a run records of them, and their defaults by size."""

import pytest

from trainer.config import TrainingConfig


def test_a_run_does_not_record_where_losses_are_logged() -> None:
    logged = TrainingConfig("mini", report_to="trackio")
    assert logged.canonical == TrainingConfig("mini").canonical


@pytest.mark.parametrize(
    ("parameters", "rate"), [(2_557_632, 2e-3), (500e6, 5e-4), (7e9, 2e-4), (70e9, 1e-4)]
)
def test_the_learning_rate_follows_the_size_of_the_model_unless_set(
    parameters: float, rate: float
) -> None:
    assert TrainingConfig("x").learning_rate_for(int(parameters)) == rate
    assert TrainingConfig("x", learning_rate=0.3).learning_rate_for(int(parameters)) == 0.3


def test_the_steps_follow_the_examples_unless_set() -> None:
    assert TrainingConfig("x").steps_for(100) == 120
    assert TrainingConfig("x").steps_for(1000) == 375
    assert TrainingConfig("x", steps=7).steps_for(1000) == 7

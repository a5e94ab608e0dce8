"""The settings of a run: a form whose every key is known and of the right type."""

import tomllib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from trainer.config import TrainingConfig, config_of, load_config
from trainer.errors import TrainerError

FORMS = sorted((Path(__file__).parents[2] / "configs" / "training").glob("*.toml"))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_each_shipped_form_loads_as_it_is_written(form: Path) -> None:
    config = load_config(form)
    for name, value in tomllib.loads(form.read_text()).items():
        assert getattr(config, name) == (tuple(value) if isinstance(value, list) else value)


def test_the_mini_s_form_explains_every_knob() -> None:
    form = next(form for form in FORMS if form.name == "mini.toml")
    assert set(tomllib.loads(form.read_text())) == {knob.name for knob in fields(TrainingConfig)}
    lines = form.read_text().splitlines()
    for above, line in pairwise(lines):
        if "=" in line and line[0] != "#":
            assert "  #" in line or above.startswith("#"), line


def test_where_losses_are_logged_is_no_part_of_what_a_run_is() -> None:
    logged = TrainingConfig("mini", report_to="trackio")
    assert logged.canonical == TrainingConfig("mini").canonical


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(
        TrainerError, match=r"found the key “epochs” in x.toml, expected one of bas"
    ):
        config_of({"base": "mini", "epochs": 3}, "x.toml")


def test_a_form_without_a_base_is_an_error() -> None:
    with pytest.raises(TrainerError, match=r"found no base in x.toml"):
        config_of({"steps": 3}, "x.toml")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [("steps", "many", "int"), ("dora", 1, "bool"), ("steps", True, "int"), ("base", 3, "str")],
)
def test_a_value_of_another_type_is_an_error(name: str, value: object, wanted: str) -> None:
    with pytest.raises(TrainerError, match=rf"found {name} = .* in x.toml, expected a {wanted}"):
        config_of({"base": "mini", name: value}, "x.toml")


def test_a_negative_number_is_an_error() -> None:
    with pytest.raises(TrainerError, match=r"found steps = -1 in x.toml, expected 0 or more"):
        config_of({"base": "mini", "steps": -1}, "x.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0), ("lora_rank", 0), ("gradient_accumulation", 0), ("save_every", 0),
        ("lora_dropout", 1.0), ("learning_rate", float("nan")), ("learning_rate", float("inf")),
        ("seed", 2**32), ("steps", 2**53), ("schedule", "zigzag"), ("lora_targets", []),
        ("lora_targets", [3]),
        ("lora_targets", 3), ("lora_targets", ""),
    ],
)  # fmt: skip
def test_a_value_that_no_run_can_have_is_an_error(name: str, value: object) -> None:
    with pytest.raises(TrainerError, match=rf"found {name} = .* in x.toml, expected "):
        config_of({"base": "mini", name: value}, "x.toml")


def test_a_whole_number_does_for_a_fraction() -> None:
    assert config_of({"base": "mini", "learning_rate": 1}, "x.toml").learning_rate == 1.0


def test_targets_are_all_linear_layers_or_a_list_of_names() -> None:
    assert config_of({"base": "mini", "lora_targets": ["q_proj"]}, "x").lora_targets == ("q_proj",)


@pytest.mark.parametrize("content", [b"base = ", b"base = '\xff'", b"\x00"])
def test_a_file_that_is_no_toml_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(TrainerError, match=r"cannot read the training configuration .*x.toml"):
        load_config(tmp_path / "x.toml")


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

"""The settings of a training run, as written in configs/training/*.toml."""

import json
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from db.records import canonical
from trainer.errors import TrainerError

_MOST = 2**53
"""Whole numbers from here on are not what they were once they are written as JSON."""
_SCHEDULES = ("cosine", "linear", "constant", "constant_with_warmup")
_RANGES = {
    "lora_rank": (1, _MOST),
    "lora_alpha": (1, _MOST),
    "batch_size": (1, _MOST),
    "gradient_accumulation": (1, _MOST),
    "save_every": (1, _MOST),
    "lora_dropout": (0, 1),
    "seed": (0, 2**32),
}


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Every knob of a run; 0 means “by the size of the model or of the data”.

    The units and effects of the knobs stand in configs/training/mini.toml, which is this class
    as a form.
    """

    base: str
    revision: str = ""
    precision: str = "auto"
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    lora_targets: str | tuple[str, ...] = "all-linear"
    rslora: bool = False
    dora: bool = False
    learning_rate: float = 0.0
    schedule: str = "cosine"
    warmup_steps: int = 5
    steps: int = 0
    batch_size: int = 8
    gradient_accumulation: int = 1
    weight_decay: float = 0.0
    max_gradient_norm: float = 1.0
    max_length: int = 0
    truncate: bool = False
    packing: bool = False
    gradient_checkpointing: bool = False
    save_every: int = 25
    seed: int = 0
    report_to: str = "none"

    @property
    def canonical(self) -> str:
        """The settings as canonical JSON, as a run records them: what the adapter depends on."""
        values = asdict(self)
        del values["report_to"]
        if not isinstance(self.lora_targets, str):
            values["lora_targets"] = list(self.lora_targets)
        return canonical(values)

    def is_of(self, recorded: str) -> bool:
        """Whether a run recorded these settings, if with the commit of the base that it met."""
        return replace(self, revision=str(json.loads(recorded)["revision"])).canonical == recorded

    def learning_rate_for(self, parameters: int) -> float:
        """The learning rate set, or one that suits LoRA on a model of so many parameters.

        The small end was measured on the packaged model (5e-4 learns too little in 100 steps);
        the others are the customary ones for LoRA.
        """
        if self.learning_rate:
            return self.learning_rate
        sizes = ((50e6, 2e-3), (1.5e9, 5e-4), (15e9, 2e-4))
        return next((rate for most, rate in sizes if parameters <= most), 1e-4)

    def steps_for(self, examples: int) -> int:
        """The steps set, or three passes over the examples but at least 120 steps."""
        per_step = self.batch_size * self.gradient_accumulation
        return self.steps or max(120, -(-3 * examples // per_step))


def load_config(path: Path) -> TrainingConfig:
    """A training configuration read from TOML.

    Raises `TrainerError` if the file cannot be read, or a key is unknown, missing or of a
    wrong type.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TrainerError(f"cannot read the training configuration {path}: {error}") from error
    return config_of(values, str(path))


def config_of(values: dict[str, Any], source: str) -> TrainingConfig:
    """A training configuration from plain values; `source` names them in errors."""
    knobs = {knob.name: knob for knob in fields(TrainingConfig)}
    unknown = sorted(set(values) - set(knobs))
    if unknown:
        raise TrainerError(
            f"found the key “{unknown[0]}” in {source}, expected one of {', '.join(knobs)}"
        )
    if "base" not in values:
        raise TrainerError(f'found no base in {source}, expected base = "mini" or another model')
    checked = {name: _checked(name, value, source) for name, value in values.items()}
    return TrainingConfig(**checked)


def _checked(name: str, value: Any, source: str) -> Any:
    if name == "lora_targets":
        return _targets(value, source)
    example = getattr(TrainingConfig("base"), name)
    wanted: type = type(example)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise TrainerError(
            f"found {name} = {value!r} in {source}, expected a {wanted.__name__} "
            f"such as {example!r}"
        )
    if name == "schedule" and value not in _SCHEDULES:
        raise TrainerError(
            f"found schedule = {value!r} in {source}, expected one of {', '.join(_SCHEDULES)}"
        )
    if isinstance(value, (int, float)):
        least, most = _RANGES.get(name, (0, _MOST))
        if not least <= value < most:
            upper = "" if most == _MOST and value < most else f" and less than {most}"
            raise TrainerError(
                f"found {name} = {value!r} in {source}, expected {least} or more{upper}"
            )
    return value


def _targets(value: Any, source: str) -> str | tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(n and type(n) is str for n in names):
        raise TrainerError(
            f'found lora_targets = {value!r} in {source}, expected "all-linear" or a list of '
            'layers such as ["q_proj", "v_proj"]'
        )
    return value if isinstance(value, str) else tuple(names)

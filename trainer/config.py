"""The settings of a training run, as written in configs/training/*.toml."""

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from db.records import canonical
from trainer.errors import TrainerError


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

    @property
    def canonical(self) -> str:
        """The settings as canonical JSON, as a run records them."""
        values = asdict(self)
        if not isinstance(self.lora_targets, str):
            values["lora_targets"] = list(self.lora_targets)
        return canonical(values)

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
        values = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
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
        return value if isinstance(value, str) else tuple(value)
    example = getattr(TrainingConfig("base"), name)
    wanted: type = type(example)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise TrainerError(
            f"found {name} = {value!r} in {source}, expected a {wanted.__name__} "
            f"such as {example!r}"
        )
    if isinstance(value, (int, float)) and value < 0:
        raise TrainerError(f"found {name} = {value!r} in {source}, expected 0 or more")
    return value

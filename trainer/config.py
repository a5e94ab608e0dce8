"""The settings of a training run, as defined in configs/training/*.toml."""

import json
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from db.records import canonical

PrecisionName = Literal["auto", "float32", "bfloat16", "int8", "nf4"]
AtLeastOne = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


def _check_targets(value: Any) -> Any:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(
        n and isinstance(n, str) for n in names or [0]
    ):
        raise ValueError('it must be "all-linear" or a list of layers such as ["q_proj", "v_proj"]')
    return value if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class TrainingConfig:
    """The settings of a training run; 0 means “choose based on the model or data size”."""

    base: str = Field(
        description='The base model: "mini", "smollm2", a model folder, or a Hugging Face Hub id.'
    )
    revision: str = Field(
        default="", description="Commit of the base model on the Hub (default: the newest commit)."
    )
    precision: PrecisionName = Field(
        default="auto", description="Precision in which the base model is loaded."
    )
    lora_rank: AtLeastOne = Field(default=16, description="Rank of the adapter.")
    lora_alpha: AtLeastOne = Field(
        default=32, description="LoRA alpha, which scales the adapter's update by alpha / rank."
    )
    lora_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Dropout probability for the adapter's inputs."
    )
    lora_targets: Annotated[str | tuple[str, ...], BeforeValidator(_check_targets)] = Field(
        default="all-linear",
        description='Layers to adapt: "all-linear", or a list such as ["q_proj", "v_proj"].',
    )
    rslora: bool = Field(
        default=False,
        description="Whether to scale the adapter's update by alpha / sqrt(rank) (rsLoRA).",
    )
    dora: bool = Field(
        default=False,
        description="Whether to train the magnitude and direction of weights separately (DoRA).",
    )
    learning_rate: NotNegative = Field(default=0.0, description="Peak learning rate.")
    schedule: Literal["cosine", "linear", "constant", "constant_with_warmup"] = Field(
        default="cosine", description="Learning rate schedule after the warm-up."
    )
    warmup_steps: Count = Field(default=5, description="Number of warm-up steps.")
    steps: Count = Field(default=0, description="Number of optimiser steps.")
    batch_size: AtLeastOne = Field(
        default=8, description="Number of examples per batch across all processes."
    )
    gradient_accumulation: AtLeastOne = Field(
        default=1,
        description="Number of batches whose gradients are accumulated for each optimiser step.",
    )
    weight_decay: NotNegative = Field(default=0.0, description="Weight decay.")
    max_gradient_norm: NotNegative = Field(
        default=1.0, description="Maximum gradient norm. Larger gradients are clipped."
    )
    max_length: Count = Field(default=0, description="Maximum length of an example in tokens.")
    truncate: bool = Field(
        default=False,
        description="Whether to truncate examples longer than `max_length` instead of failing.",
    )
    packing: bool = Field(
        default=False,
        description="Whether to concatenate the examples of a batch instead of padding them.",
    )
    gradient_checkpointing: bool = Field(
        default=False,
        description="Whether to recompute activations in the backward pass to save memory.",
    )
    save_every: AtLeastOne = Field(default=25, description="Number of steps between checkpoints.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Random seed for the run.")
    report_to: str = Field(
        default="none",
        description="Service or library, such as trackio, to which TRL reports losses (default: "
        "none).",
    )

    @property
    def canonical(self) -> str:
        """Serialize the settings that affect the adapter as canonical JSON."""
        values = asdict(self)
        del values["report_to"]
        return canonical(values)

    def matches(self, recorded: str) -> bool:
        """Return whether a recorded run used these settings; the base model's commit may differ."""
        return replace(self, revision=str(json.loads(recorded)["revision"])).canonical == recorded

    def learning_rate_for(self, parameters: int) -> float:
        """Return the configured learning rate, or a default that depends on the model's size.

        The default for the smallest models was measured with the packaged model, which learns too
        little in 100 steps at a learning rate of 5e-4. The defaults for larger models are common
        choices for LoRA.
        """
        if self.learning_rate:
            return self.learning_rate
        sizes = ((50e6, 2e-3), (1.5e9, 5e-4), (15e9, 2e-4))
        return next((rate for most, rate in sizes if parameters <= most), 1e-4)

    def steps_for(self, examples: int) -> int:
        """Return the configured number of steps (default: three epochs, but at least 120 steps)."""
        per_step = self.batch_size * self.gradient_accumulation
        return self.steps or max(120, -(-3 * examples // per_step))

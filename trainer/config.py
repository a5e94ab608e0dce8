"""The settings of a training run, as written in configs/training/*.toml."""

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
    """Every setting of a run; 0 means “chosen from the size of the model or of the data”."""

    base: Annotated[str, Field(description='"mini", a model\'s folder, or a Hub id.')]
    revision: Annotated[str, Field(description="The Hub commit; empty for the newest.")] = ""
    precision: Annotated[PrecisionName, Field(description="How the base is held in memory.")] = (
        "auto"
    )
    lora_rank: Annotated[AtLeastOne, Field(description="Rank of the adapter.")] = 16
    lora_alpha: Annotated[
        AtLeastOne, Field(description="Strength of the adapter: its update times alpha / rank.")
    ] = 32
    lora_dropout: Annotated[
        float, Field(ge=0, lt=1, description="Share of the adapter's inputs dropped in training.")
    ] = 0.0
    lora_targets: Annotated[
        str | tuple[str, ...],
        BeforeValidator(_check_targets),
        Field(description='"all-linear", or layers such as ["q_proj", "v_proj"].'),
    ] = "all-linear"
    rslora: Annotated[bool, Field(description="Scale by alpha / sqrt(rank) instead.")] = False
    dora: Annotated[bool, Field(description="Learn direction and length separately.")] = False
    learning_rate: Annotated[NotNegative, Field(description="Peak learning rate.")] = 0.0
    schedule: Annotated[
        Literal["cosine", "linear", "constant", "constant_with_warmup"],
        Field(description="How the learning rate falls."),
    ] = "cosine"
    warmup_steps: Annotated[Count, Field(description="Steps in which the rate rises.")] = 5
    steps: Annotated[Count, Field(description="Optimiser steps.")] = 0
    batch_size: Annotated[AtLeastOne, Field(description="Examples per step and process.")] = 8
    gradient_accumulation: Annotated[AtLeastOne, Field(description="Batches per step.")] = 1
    weight_decay: Annotated[NotNegative, Field(description="Weight decay per step.")] = 0.0
    max_gradient_norm: Annotated[NotNegative, Field(description="Gradient norm to clip at.")] = 1.0
    max_length: Annotated[Count, Field(description="Longest example in tokens.")] = 0
    truncate: Annotated[bool, Field(description="Cut longer examples instead of failing.")] = False
    packing: Annotated[bool, Field(description="Concatenate a batch without padding.")] = False
    gradient_checkpointing: Annotated[bool, Field(description="Trade speed for memory.")] = False
    save_every: Annotated[AtLeastOne, Field(description="Steps between checkpoints.")] = 25
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of the run.")] = 0
    report_to: Annotated[str, Field(description="A TRL reporter that logs the losses.")] = "none"

    @property
    def canonical(self) -> str:
        """The settings as canonical JSON, as a run records them: what the adapter depends on."""
        values = asdict(self)
        del values["report_to"]
        if not isinstance(self.lora_targets, str):
            values["lora_targets"] = list(self.lora_targets)
        return canonical(values)

    def matches(self, recorded: str) -> bool:
        """Whether a run recorded these settings, whatever commit its base was pinned to."""
        return replace(self, revision=str(json.loads(recorded)["revision"])).canonical == recorded

    def learning_rate_for(self, parameters: int) -> float:
        """The learning rate set, or one that suits LoRA on a model with this many parameters.

        The smallest size was measured on the packaged model (5e-4 learns too little in 100
        steps); the others are customary for LoRA.
        """
        if self.learning_rate:
            return self.learning_rate
        sizes = ((50e6, 2e-3), (1.5e9, 5e-4), (15e9, 2e-4))
        return next((rate for most, rate in sizes if parameters <= most), 1e-4)

    def steps_for(self, examples: int) -> int:
        """The steps set, or three passes over the examples but at least 120 steps."""
        per_step = self.batch_size * self.gradient_accumulation
        return self.steps or max(120, -(-3 * examples // per_step))

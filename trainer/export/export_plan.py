"""Export settings, and how far an export may differ from its adapter."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class MergeInto(StrEnum):
    """The weights to merge an adapter into: the published weights, or those used in training.

    Published and training weights differ if the base model was quantised. The adapter learned to
    correct the rounded weights, so merging it into those weights reproduces the trained model, but
    most people serve the published weights.
    """

    PUBLISHED = "published"
    TRAINED_ON = "trained-on"


class GgufType(StrEnum):
    """The number format for matrices in a GGUF file; vectors are always float32."""

    F16 = "f16"
    Q8_0 = "q8_0"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an export may differ from its adapter.

    `difference` limits the mean |Δ log-probability|, in nats per token. `parted` limits the share
    of greedy answers that differ, because rounded weights can flip near-ties.
    """

    difference: float = 0.02
    parted: float = 0.25


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What to export and how; `dtype` is the number format of merged weights.

    `converter` is the path of llama.cpp's script, which replaces our own GGUF writer if given.
    """

    adapter: Path
    base: str
    revision: str = ""
    into: MergeInto = MergeInto.TRAINED_ON
    dtype: str = "float16"
    bounds: Bounds = field(default_factory=Bounds)
    new_tokens: int = 48
    converter: Path | None = None

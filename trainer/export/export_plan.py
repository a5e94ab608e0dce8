"""Export settings, and how far an export may differ from its adapter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

ProgressCallback: TypeAlias = Callable[[int, int, str], None]
"""Called with how much of an export is done, how much there is, and the step's name."""


class MergeInto(StrEnum):
    """The weights to merge an adapter into: the published weights, or those used in training.

    If the base model was quantised, the published weights differ from the weights used in training.
    The adapter learned to correct the rounded weights, so merging it into those weights reproduces
    the trained model, but most people serve the published weights.
    """

    PUBLISHED = "published"
    TRAINED_ON = "trained-on"


class GgufType(StrEnum):
    """The number format for matrices in a GGUF file; vectors are always float32."""

    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_K_M = "q4_K_M"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an export may differ from its adapter.

    `difference` is the maximum mean |Δ log-probability| in nats per token. `same_tokens` is the
    minimum share of tokens in whose place both find the same token most likely.
    """

    difference: float = 0.02
    same_tokens: float = 0.98


_WIDE = Bounds(difference=0.2, same_tokens=0.9)


def bounds_for(gguf_type: GgufType) -> Bounds:
    """How far a GGUF file may differ: four bits per weight change more than eight.

    On SmolLM2 after four steps of training, q4_K_M differs from the adapter by 0.16 nats and
    agrees on 93.7% of tokens; the base model differs by 0.44 and agrees on 85%. So the wider
    bounds still reject a model that lost its adapter.
    """
    return _WIDE if gguf_type is GgufType.Q4_K_M else Bounds()


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


@dataclass(slots=True)
class ExportSteps:
    """Counts an export's steps for a progress bar: merging, writing, and comparing twice."""

    on_progress: ProgressCallback = lambda *_: None
    total: int = 6
    done: int = 0

    def start(self, name: str) -> None:
        """Report that the next step has started."""
        self.on_progress(self.done, self.total, name)
        self.done += 1

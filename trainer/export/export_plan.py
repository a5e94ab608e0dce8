"""Export settings, and how far an export may differ from its adapter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

ProgressCallback: TypeAlias = Callable[[int, int, str], None]
"""Called with the number of finished steps, the total, and the name of the current step."""


class MergeInto(StrEnum):
    """The weights to merge an adapter into: the published weights, or those used in training.

    If the base model was quantised, the published weights differ from the weights used in training.
    Merging the adapter into the quantised weights reproduces the trained model, because the adapter
    learned to correct their rounding errors. However, most people serve the published weights,
    which weren't quantised.
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

    `difference` is the maximum mean |Δ log-probability| between the adapter and the export, in nats
    per token. `same_tokens` is the minimum share of tokens for which the adapter and the export
    find the same token most likely.
    """

    difference: float = 0.02
    same_tokens: float = 0.98


_WIDE = Bounds(difference=0.2, same_tokens=0.9)


def bounds_for(gguf_type: GgufType) -> Bounds:
    """Return how far a GGUF file may differ from its adapter (4-bit weights may differ more).

    For example, on SmolLM2 after four training steps, a q4_K_M file differs from its adapter by
    0.16 nats per token and the base model by 0.44 nats, so a limit between these values rejects an
    export that lost its adapter.
    """
    return _WIDE if gguf_type is GgufType.Q4_K_M else Bounds()


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """An adapter to export, and the settings for the export.

    `dtype` is the number format of the merged weights. `converter` is the path of llama.cpp's
    conversion script, which is used instead of Timbre's GGUF writer if it's set.
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
    """Counts the steps of an export for a progress bar, such as merging and writing."""

    on_progress: ProgressCallback = lambda *_: None
    total: int = 6
    done: int = 0

    def start(self, name: str) -> None:
        """Report that the next step has started."""
        self.on_progress(self.done, self.total, name)
        self.done += 1

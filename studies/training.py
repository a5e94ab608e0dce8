"""Train the adapters of a study, keeping a copy of each adapter at fixed steps."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.records import Example
from studies.result_cache import StudyContext
from trainer.config import TrainingConfig
from trainer.models.adapter import METADATA, WEIGHTS
from trainer.models.lookup import fingerprint
from trainer.sft import train
from trainer.training.checkpoints import ADAPTER, CHECKPOINTS

_STEPS = "steps"


@dataclass(frozen=True)
class PlannedTraining:
    """A planned training run in a study, and whether the run is already finished.

    A remote run uses a fine-tuning API and will cost `usd` US dollars; a local run uses this
    machine.
    """

    label: str
    is_done: bool
    usd: float = 0.0
    is_remote: bool = False


@dataclass(frozen=True)
class TrainedAdapter:
    """A finished training run: its adapters in step order, and its measurements.

    `id` identifies the run in the cache.
    """

    id: str
    adapters: dict[int, Path]
    losses: tuple[float, ...]
    seconds: float
    tokens: int
    device: str
    precision: str

    @property
    def last_step(self) -> int:
        """The step of the final adapter."""
        return max(self.adapters)

    @property
    def facts(self) -> dict[str, Any]:
        """The details of the run that are stored in the cache."""
        return {
            "losses": list(self.losses),
            "seconds": self.seconds,
            "tokens": self.tokens,
            "device": self.device,
            "precision": self.precision,
        }


def adapter_key(config: TrainingConfig, examples: Sequence[Example]) -> dict[str, Any]:
    """Return the cache key for an adapter."""
    return {
        "training": config.canonical,
        "base": fingerprint(config.base, config.revision),
        "examples": [example.id for example in examples],
    }


def train_cached(
    label: str, examples: Sequence[Example], config: TrainingConfig, context: StudyContext
) -> TrainedAdapter:
    """Train an adapter in the cache folder, or load it if it is already finished."""
    key = adapter_key(config, examples)
    folder, progress = context.cache.folder_for(key), context.progress(f"training, {label}")
    adapter = train_with_checkpoints(examples, config, folder, progress)
    context.cache.get_or_compute(key, lambda: {"facts": adapter.facts, "label": label})
    return adapter


def train_with_checkpoints(
    examples: Sequence[Example],
    config: TrainingConfig,
    folder: Path,
    on_progress: Callable[[int, int], None],
) -> TrainedAdapter:
    """Train an adapter and keep a copy at every checkpoint, resuming an interrupted run.

    `config.save_every` is the number of steps between checkpoints.
    """

    def progress(done: int, total: int, _loss: float) -> None:
        _copy_checkpoints(folder)
        on_progress(done, total)

    result = train(examples, config, folder, progress, resume=True)
    steps = [path for path in (folder / _STEPS).glob("*") if path.name.isdecimal()]
    for path in steps:
        shutil.copy(result.adapter / METADATA, path / METADATA)
    last = int(result.metrics["steps"])
    return TrainedAdapter(
        id=folder.name,
        adapters={int(path.name): path for path in steps} | {last: folder / ADAPTER},
        losses=result.losses,
        seconds=result.seconds,
        tokens=int(result.metrics["tokens"]),
        device=result.device,
        precision=result.precision,
    )


def _copy_checkpoints(folder: Path) -> None:
    """Copy the adapter of each complete checkpoint before the trainer deletes it."""
    for checkpoint in (folder / CHECKPOINTS).glob("checkpoint-*"):
        target = folder / _STEPS / checkpoint.name.partition("-")[2]
        files = (checkpoint / "trainer_state.json", checkpoint / WEIGHTS)
        if target.exists() or not all(file.is_file() for file in files):
            continue
        part = target.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        for name in (WEIGHTS, "adapter_config.json"):
            shutil.copy(checkpoint / name, part / name)
        part.rename(target)

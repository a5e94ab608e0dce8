"""One training of a study, with the adapter as it was at fixed steps on the way."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.records import Example
from trainer.adapter import METADATA, WEIGHTS
from trainer.checkpoints import ADAPTER, CHECKPOINTS
from trainer.config import TrainingConfig
from trainer.sft import train

_STEPS = "steps"


@dataclass(frozen=True)
class PlannedTraining:
    """Something a study has to do: whether it is done, and what is left of it costs at a service.

    What is `hosted` takes a service's dollars, the rest this machine's time.
    """

    label: str
    done: bool
    usd: float = 0.0
    hosted: bool = False


@dataclass(frozen=True)
class Trained:
    """A finished training: its adapters by step, the last one last, and what it took."""

    adapters: dict[int, Path]
    losses: tuple[float, ...]
    seconds: float
    tokens: int
    device: str
    precision: str

    @property
    def adapter(self) -> Path:
        """The finished adapter."""
        return self.adapters[max(self.adapters)]

    @property
    def facts(self) -> dict[str, Any]:
        """What a cell keeps of it."""
        return {
            "losses": list(self.losses),
            "seconds": self.seconds,
            "tokens": self.tokens,
            "device": self.device,
            "precision": self.precision,
        }


def trained(
    examples: Sequence[Example],
    config: TrainingConfig,
    folder: Path,
    told: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train an adapter, keeping what every checkpoint held; a broken training goes on.

    `config.save_every` says after how many steps the adapter is kept.
    """

    def progress(done: int, total: int, loss: float) -> None:
        _keep_checkpoints(folder)
        if told:
            told(done, total)

    result = train(examples, config, folder, progress, resume=True)
    there = (folder / _STEPS).glob("*")
    adapters = {int(path.name): path for path in there if path.name.isdecimal()}
    for path in adapters.values():
        shutil.copy(result.adapter / METADATA, path / METADATA)
    last = int(result.metrics["steps"])
    return Trained(
        adapters={**adapters, last: folder / ADAPTER},
        losses=result.losses,
        seconds=result.seconds,
        tokens=int(result.metrics["tokens"]),
        device=result.device,
        precision=result.precision,
    )


def _keep_checkpoints(folder: Path) -> None:
    """Copy the adapters of the checkpoints that are there, which the trainer will remove."""
    for checkpoint in (folder / CHECKPOINTS).glob("checkpoint-*"):
        place = folder / _STEPS / checkpoint.name.partition("-")[2]
        whole = (checkpoint / "trainer_state.json").is_file() and (checkpoint / WEIGHTS).is_file()
        if place.exists() or not whole:
            continue
        part = place.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        for name in (WEIGHTS, "adapter_config.json"):
            shutil.copy(checkpoint / name, part / name)
        part.rename(place)

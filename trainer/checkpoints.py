"""A run's folder: what is in it while training, and what a broken run left to go on from."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

from db.records import canonical
from trainer.adapter import AdapterMetadata
from trainer.devices import is_main_process
from trainer.errors import TrainerError
from trainer.lock import lock_folder, write_atomically
from trainer.results import TrainingResult, result_from_json, result_to_json

ADAPTER = "adapter"
CHECKPOINTS = "checkpoints"
RESULT = "result.json"
PLAN = "plan.json"


def plan(examples: Sequence[str], facts: AdapterMetadata) -> str:
    """What a resumed run must share with the broken one: examples in order, settings, base."""
    return canonical({"examples": list(examples), "facts": asdict(facts)})


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a run's folder to this process; where several train together, the first has it for all.

    Raises `RunLockedError` if another process has it.
    """
    with lock_folder(folder) if is_main_process() else nullcontext():
        yield


def prepare(folder: Path, wanted: str, resume: bool) -> Path | None:
    """Make a run's folder ready and return the checkpoint to go on from, None for a fresh start.

    A fresh start clears what an earlier try left. A checkpoint counts once its last file is whole:
    a process killed while saving leaves one that does not, and the one before is used.

    Raises `TrainerError` if the folder holds another run than the one to be resumed.
    """
    checkpoints = folder / CHECKPOINTS
    if not resume:
        for path in (checkpoints, folder / ADAPTER, unfinished(folder)):
            shutil.rmtree(path, ignore_errors=True)
        (folder / RESULT).unlink(missing_ok=True)
    elif (folder / PLAN).is_file() and (folder / PLAN).read_text() != wanted:
        raise TrainerError(
            f"found another run in {folder} (other examples, settings or base model), expected "
            "the one to resume; train with --anew to start over"
        )
    checkpoints.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / PLAN, wanted)
    whole = [path for path in checkpoints.glob("checkpoint-*") if _is_whole(path)]
    for path in set(checkpoints.glob("checkpoint-*")) - set(whole):
        shutil.rmtree(path)
    return max(whole, key=_step, default=None)


def seconds_before(checkpoint: Path | None) -> float:
    """How long the processes before this one had worked when they left a checkpoint."""
    if checkpoint is None:
        return 0.0
    history = json.loads((checkpoint / "trainer_state.json").read_text())["log_history"]
    return float(sum(entry.get("seconds", 0.0) for entry in history))


def finished(folder: Path) -> TrainingResult | None:
    """The result of the run in a folder, None while it has none."""
    path = folder / RESULT
    return result_from_json(path.read_text(), folder) if path.is_file() else None


def finish(folder: Path, result: TrainingResult) -> None:
    """Put the finished adapter in its place, write the result last, and drop the checkpoints."""
    shutil.rmtree(folder / ADAPTER, ignore_errors=True)
    unfinished(folder).rename(folder / ADAPTER)
    write_atomically(folder / RESULT, result_to_json(result))
    shutil.rmtree(folder / CHECKPOINTS)


def unfinished(folder: Path) -> Path:
    """Where the adapter is written before it is whole."""
    return folder / f"{ADAPTER}.partial"


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.partition("-")[2])


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / "trainer_state.json").read_text())
    except (OSError, ValueError):
        return False
    return True

"""A run's folder: checkpoints while training, then the adapter and its result."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

from db.records import canonical
from trainer.errors import TrainerError
from trainer.lock import lock_folder, write_atomically
from trainer.models.adapter import AdapterMetadata
from trainer.training.processes import is_main_process, main_process_first, wait_for_all
from trainer.training.results import TrainingResult, result_from_json, result_to_json

ADAPTER = "adapter"
CHECKPOINTS = "checkpoints"
RESULT = "result.json"
PLAN = "plan.json"


def plan(examples: Sequence[str], metadata: AdapterMetadata) -> str:
    """What a resumed run must share with the interrupted one: examples, settings, base model."""
    return canonical({"examples": list(examples), "facts": asdict(metadata)})


@contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Lock a run's folder; of several training processes, the main one holds the lock.

    Raises `RunLockedError` if another process holds it.
    """
    with lock_folder(folder) if is_main_process() else nullcontext():
        yield


def prepare(folder: Path, run_plan: str, resume: bool) -> Path | None:
    """Prepare a run's folder and return the checkpoint to resume from, None for a fresh start.

    A fresh start deletes what an earlier attempt left. Incomplete checkpoints (the process was
    killed while saving) are deleted, so the one before is used.

    Raises `TrainerError` if the folder holds another run than the one to resume.
    """
    with main_process_first():
        return _prepare(folder, run_plan, resume or not is_main_process())


def _prepare(folder: Path, run_plan: str, resume: bool) -> Path | None:
    checkpoints = folder / CHECKPOINTS
    if not resume:
        for path in (checkpoints, folder / ADAPTER, partial_adapter(folder)):
            shutil.rmtree(path, ignore_errors=True)
        (folder / RESULT).unlink(missing_ok=True)
    elif (folder / PLAN).is_file() and (folder / PLAN).read_text() != run_plan:
        raise TrainerError(
            f"{folder} holds a run with other examples, settings or base model, so it can't be "
            "resumed. Train with --anew to start over."
        )
    checkpoints.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / PLAN, run_plan)
    complete = [path for path in checkpoints.glob("checkpoint-*") if _is_complete(path)]
    for path in set(checkpoints.glob("checkpoint-*")) - set(complete):
        shutil.rmtree(path)
    return max(complete, key=_step, default=None)


def elapsed_seconds(checkpoint: Path | None) -> float:
    """How long earlier processes trained up to a checkpoint, in seconds; 0 without one."""
    if checkpoint is None:
        return 0.0
    history = json.loads((checkpoint / "trainer_state.json").read_text())["log_history"]
    return float(sum(entry.get("seconds", 0.0) for entry in history))


def load_result(folder: Path) -> TrainingResult | None:
    """The result of a finished run, None if the run hasn't finished."""
    path = folder / RESULT
    return result_from_json(path.read_text(), folder) if path.is_file() else None


def finish(folder: Path, result: TrainingResult) -> None:
    """Move the adapter into place, write the result last, and delete the checkpoints."""
    if is_main_process():
        shutil.rmtree(folder / ADAPTER, ignore_errors=True)
        partial_adapter(folder).rename(folder / ADAPTER)
        write_atomically(folder / RESULT, result_to_json(result))
        shutil.rmtree(folder / CHECKPOINTS)
    wait_for_all()


def partial_adapter(folder: Path) -> Path:
    """Where the adapter is saved until it is complete."""
    return folder / f"{ADAPTER}.partial"


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.partition("-")[2])


def _is_complete(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / "trainer_state.json").read_text())
    except (OSError, ValueError):
        return False
    return True

"""Read and write run folders, which contain checkpoints and later an adapter and a result."""

import json
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from db.records import canonical
from trainer.errors import TrainerError
from trainer.lock import lock_folder, write_atomically
from trainer.models.adapter import METADATA, AdapterMetadata
from trainer.training.processes import is_main_process, process_state
from trainer.training.results import TrainingResult, result_from_json, result_to_json

ADAPTER = "adapter"
CHECKPOINTS = "checkpoints"
RESULT = "result.json"
PLAN = "plan.json"
_PARTIAL_ADAPTER = f"{ADAPTER}.partial"


def plan(examples: Sequence[str], metadata: AdapterMetadata) -> str:
    """Serialize everything that must not change when a run is resumed, such as the examples."""
    return canonical({"examples": list(examples), "facts": asdict(metadata)})


def lock_run(folder: Path) -> AbstractContextManager[None]:
    """Lock a run folder.

    If several processes train together, only the main process locks the folder. The context manager
    raises `RunLockedError` if another process holds the lock.
    """
    return lock_folder(folder) if is_main_process() else nullcontext()


def prepare(folder: Path, run_plan: str, resume: bool) -> Path | None:
    """Prepare a run folder and return the checkpoint to resume from, or None for a fresh start.

    A fresh start deletes files that earlier attempts left in the folder. Incomplete checkpoints,
    which a process leaves if it's killed while saving, are deleted, and training resumes from the
    newest complete checkpoint.

    Raises `TrainerError` if the folder contains a run with other examples, settings or base model,
    which can't be resumed.
    """
    checkpoints = folder / CHECKPOINTS
    with process_state().main_process_first():
        if is_main_process() and not resume:
            for path in (checkpoints, folder / ADAPTER, folder / _PARTIAL_ADAPTER):
                shutil.rmtree(path, ignore_errors=True)
            (folder / RESULT).unlink(missing_ok=True)
        elif (folder / PLAN).is_file() and (folder / PLAN).read_text() != run_plan:
            raise TrainerError(
                f"{folder} contains a run with different examples, settings or base model, so it "
                "can't be resumed. Train with --anew to start over."
            )
        checkpoints.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / PLAN, run_plan)
        complete = []
        for path in sorted(checkpoints.glob("checkpoint-*")):
            try:
                _read_state(path)
                complete.append(path)
            except (OSError, ValueError):
                shutil.rmtree(path)
    return max(complete, key=lambda path: int(path.name.partition("-")[2]), default=None)


def elapsed_seconds(checkpoint: Path | None) -> float:
    """Return the training time up to a checkpoint in seconds, or 0 if there is no checkpoint."""
    if checkpoint is None:
        return 0.0
    return float(sum(log.get("seconds", 0.0) for log in _read_state(checkpoint)["log_history"]))


def load_result(folder: Path) -> TrainingResult | None:
    """Return the result of a finished run, or None if the run hasn't finished."""
    path = folder / RESULT
    return result_from_json(path.read_text(), folder) if path.is_file() else None


def save_adapter(trainer: Any, metadata: AdapterMetadata, folder: Path) -> None:
    """Save a trainer's adapter with its metadata. Only the main process writes files."""
    weights = None
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:  # weights are sharded
        weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if is_main_process():
        adapter, path = trainer.adapted, folder / _PARTIAL_ADAPTER
        adapter.peft_config["default"].base_model_name_or_path = metadata.base
        adapter.save_pretrained(str(path), state_dict=weights, save_embedding_layers=False)
        (path / METADATA).write_text(json.dumps(asdict(metadata), indent=1))


def finish(folder: Path, result: TrainingResult) -> None:
    """Move the adapter to its final location, write the result, and delete the checkpoints."""
    if is_main_process():
        shutil.rmtree(folder / ADAPTER, ignore_errors=True)
        (folder / _PARTIAL_ADAPTER).rename(folder / ADAPTER)
        write_atomically(folder / RESULT, result_to_json(result))
        shutil.rmtree(folder / CHECKPOINTS)
    process_state().wait_for_everyone()


def _read_state(checkpoint: Path) -> Any:
    return json.loads((checkpoint / "trainer_state.json").read_text())

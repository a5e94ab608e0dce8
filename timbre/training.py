"""A frozen version trained into an adapter, as a run that is kept whether it ends well or not."""

import json
from pathlib import Path
from typing import Any

from db.events import event
from db.records import EventKind, Run, Split, Version
from db.store import Store
from db.versions import version_examples
from timbre.console import Advance
from timbre.runs import RunState, run_status
from timbre.settings import Settings
from trainer.config import TrainingConfig
from trainer.models import fingerprint
from trainer.results import TrainingResult, result_to_json
from trainer.sft import train


def run_of(version: Version, config: TrainingConfig) -> Run:
    """The run that training a version with a configuration is."""
    return Run(
        version=version.id,
        base=config.base,
        base_fingerprint=fingerprint(config.base, config.revision),
        config=config.canonical,
        seed=config.seed,
    )


def run_folder(settings: Settings, run: Run) -> Path:
    """The folder of a run's adapter, card and checkpoints."""
    return settings.runs / run.id[:16]


def train_version(
    store: Store, version: Version, config: TrainingConfig, settings: Settings, advance: Advance
) -> Run:
    """Train an adapter on a version; a run that finished is not repeated.

    A run that was interrupted goes on from its last checkpoint.

    Raises `StoreError` if something was withdrawn from the version. Raises `TrainerError` if
    training fails; the run keeps the reason.
    """
    run = run_of(version, config)
    if store.get(Run, run.id) and run_status(store, run).state is RunState.FINISHED:
        return run
    examples = [
        example
        for side in (Split.TRAIN, Split.VALIDATION)
        for example in version_examples(store, version, side)
    ]
    store.add([run, event(run.id, EventKind.STARTED)])
    try:
        result = train(examples, config, run_folder(settings, run), advance, resume=True)
    except Exception as error:
        store.add([event(run.id, EventKind.FAILED, reason=str(error))])
        raise
    store.add([event(run.id, EventKind.FINISHED, **_told(result))])
    return run


def _told(result: TrainingResult) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result_to_json(result))
    return told

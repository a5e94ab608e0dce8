"""A frozen version trained into an adapter, as a run that is kept whether it ends well or not."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.card import attribution, licence_tag
from db.events import event
from db.records import EventKind, Run, Split, Version
from db.sources import articles_of
from db.store import Store
from db.versions import version_examples
from evaluation.charts import png_file
from evaluation.figures import LossPoint, loss_figure
from timbre.console import Advance
from timbre.runs import RunState, run_status
from timbre.settings import Settings
from trainer.card import CardFacts, write_card
from trainer.config import TrainingConfig
from trainer.devices import leads
from trainer.errors import RunHeldError, TrainerError
from trainer.models import fingerprint, pinned
from trainer.results import TrainingResult, result_to_json
from trainer.sft import train

PICTURE = "loss.png"


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


@dataclass(frozen=True)
class Wanted:
    """What is to be trained: a configuration on a version, going on where it was if `resume`."""

    version: Version
    config: TrainingConfig
    resume: bool = True


def train_version(store: Store, wanted: Wanted, settings: Settings, advance: Advance) -> Run:
    """Train an adapter on a version; a run that finished is not repeated.

    A run that was interrupted goes on from its last checkpoint. Without `resume` it begins anew,
    finished or not.

    Raises `StoreError` if something was withdrawn from the version. Raises `TrainerError` if
    training fails; the run keeps the reason.
    """
    version = wanted.version
    try:
        config = pinned(wanted.config)
    except TrainerError as error:
        _keep_failed(store, version, wanted.config, error)
        raise
    run = run_of(version, config)
    there = store.get(Run, run.id) and run_status(store, run).state is RunState.FINISHED
    if there and wanted.resume:
        return run
    examples = [
        example
        for side in (Split.TRAIN, Split.VALIDATION)
        for example in version_examples(store, version, side)
    ]
    folder = run_folder(settings, run)
    if not leads():  # of several processes that train together, the first one speaks and writes
        train(examples, config, folder, resume=wanted.resume)
        return run
    store.add([run, event(run.id, EventKind.STARTED)])
    try:
        _check_gates(version)

        def tell(done: int, total: int, loss: float) -> None:
            advance(done, total, f"loss {loss:.3f}")

        result = train(examples, config, folder, tell, resume=wanted.resume)
        _write_card(store, version, config, result)
    except RunHeldError:
        raise
    except Exception as error:
        store.add([event(run.id, EventKind.FAILED, reason=str(error))])
        raise
    told = _told(result, settings.price_per_hour)
    store.add([event(run.id, EventKind.FINISHED, **told)])
    return run


def _keep_failed(
    store: Store, version: Version, config: TrainingConfig, error: TrainerError
) -> None:
    """Keep a run whose base model could not be had, and so has no fingerprint."""
    run = Run(
        version=version.id,
        base=config.base,
        base_fingerprint="",
        config=config.canonical,
        seed=config.seed,
    )
    if leads():
        failed = event(run.id, EventKind.FAILED, reason=str(error))
        store.add([run, event(run.id, EventKind.STARTED), failed])


def _check_gates(version: Version) -> None:
    failed = [gate for gate in version.gates if not gate.passed]
    if failed and not version.override:
        gate = failed[0]
        raise TrainerError(
            f"found the gate “{gate.name}” failed on the version {version.id[:12]} ({gate.found}), "
            f"expected {gate.expected}; review more and freeze again, or freeze with --override"
        )


def _write_card(
    store: Store, version: Version, config: TrainingConfig, result: TrainingResult
) -> None:
    points = [LossPoint(step, train=loss) for step, loss in enumerate(result.losses, 1)]
    figure = loss_figure(points)
    if figure:
        (result.adapter / PICTURE).write_bytes(png_file(figure))
    articles = articles_of(store, version).values()
    terms = licence_tag(a.licence for a in articles), attribution(articles)
    picture = PICTURE if figure else ""
    write_card(CardFacts(result, config.base, config.canonical, version, *terms, picture))


def _told(result: TrainingResult, price_per_hour: float) -> dict[str, Any]:
    """What a run's row tells of its result, and what it cost where an hour's price is known."""
    told: dict[str, Any] = json.loads(result_to_json(result))
    if price_per_hour:
        told["price_per_hour"] = price_per_hour
        told["cost"] = round(result.seconds / 3600 * price_per_hour, 6)
    return told

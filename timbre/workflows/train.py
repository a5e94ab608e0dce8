"""Train an adapter on a frozen version, and record the run whether it succeeds or fails."""

import json
from dataclasses import dataclass
from typing import Any

from db.events import event
from db.exports.card import attribution, licence_tag
from db.records import EventKind, Example, Run, Split, Version
from db.runs import RunState, run_status
from db.store import Store
from db.versions.contents import version_articles, version_examples
from evaluation.pages.charts import png_file
from evaluation.pages.figures import LossPoint, loss_figure
from timbre.console import ProgressCallback
from timbre.settings import Settings
from trainer.card import AdapterCard, write_card
from trainer.config import TrainingConfig
from trainer.errors import RunLockedError, TrainerError
from trainer.models.lookup import fingerprint, pin_revision
from trainer.sft import train
from trainer.training.processes import is_main_process
from trainer.training.results import TrainingResult, result_to_json

PICTURE = "loss.png"


@dataclass(frozen=True)
class TrainPlan:
    """A version to train on, and the training configuration.

    If `resume` is true, training continues from the last checkpoint of an interrupted run.
    """

    version: Version
    config: TrainingConfig
    resume: bool = True


def train_version(
    store: Store, plan: TrainPlan, settings: Settings, on_progress: ProgressCallback
) -> Run:
    """Train an adapter on a version, unless the run has already finished.

    An interrupted run continues from its last checkpoint. If `resume` is false, training starts
    from scratch, even if the run has finished.

    Raises `StoreError` if some of the version's data was withdrawn, and `TrainerError` if training
    fails. If training fails, the reason is stored with the run.
    """
    version = plan.version
    try:
        config = pin_revision(plan.config)
    except TrainerError as error:
        _record_failure(store, version, plan.config, error)
        raise
    run = Run(
        version=version.id,
        base=config.base,
        base_fingerprint=fingerprint(config.base, config.revision),
        config=config.canonical,
        seed=config.seed,
    )
    is_known = store.get(Run, run.id) is not None
    if plan.resume and is_known and run_status(store, run).state is RunState.FINISHED:
        return run
    examples = _training_examples(store, version)
    folder = settings.run_folder(run.id)
    if not is_main_process():  # if several processes train together, only the first one reports
        train(examples, config, folder, resume=plan.resume)
        return run
    store.add([run, event(run.id, EventKind.STARTED)])
    try:
        _check_gates(version)

        def report(done: int, total: int, loss: float) -> None:
            on_progress(done, total, f"loss {loss:.3f}")

        result = train(examples, config, folder, report, resume=plan.resume)
        _write_card(store, version, config, result)
    except RunLockedError:
        raise
    except Exception as error:
        store.add([event(run.id, EventKind.FAILED, reason=str(error))])
        raise
    details = _result_details(result, settings.price_per_hour)
    store.add([event(run.id, EventKind.FINISHED, **details)])
    return run


def _training_examples(store: Store, version: Version) -> list[Example]:
    splits = (Split.TRAIN, Split.VALIDATION)
    return [example for split in splits for example in version_examples(store, version, split)]


def _record_failure(
    store: Store, version: Version, config: TrainingConfig, error: TrainerError
) -> None:
    """Record a failed run whose base model isn't available, so that its fingerprint is unknown."""
    run = Run(
        version=version.id,
        base=config.base,
        base_fingerprint="",
        config=config.canonical,
        seed=config.seed,
    )
    if is_main_process():
        failed = event(run.id, EventKind.FAILED, reason=str(error))
        store.add([run, event(run.id, EventKind.STARTED), failed])


def _check_gates(version: Version) -> None:
    failed = [gate for gate in version.gates if not gate.passed]
    if failed and not version.override:
        gate = failed[0]
        raise TrainerError(
            f"Version {version.id[:12]} failed the gate “{gate.name}”: it has {gate.found}, but "
            f"needs {gate.expected}. Review more records and freeze again, or freeze with "
            "--override."
        )


def _write_card(
    store: Store, version: Version, config: TrainingConfig, result: TrainingResult
) -> None:
    points = [LossPoint(step, train=loss) for step, loss in enumerate(result.losses, 1)]
    figure = loss_figure(points)
    if figure:
        (result.adapter / PICTURE).write_bytes(png_file(figure))
    articles = version_articles(store, version).values()
    terms = licence_tag(a.licence for a in articles), attribution(articles)
    name = PICTURE if figure else ""
    write_card(AdapterCard(result, config.base, config.canonical, version, *terms, name))


def _result_details(result: TrainingResult, price_per_hour: float) -> dict[str, Any]:
    """Return the details to record for a finished run: the result, and the cost if it is known."""
    details: dict[str, Any] = json.loads(result_to_json(result))
    if price_per_hour:
        details["price_per_hour"] = price_per_hour
        details["cost"] = round(result.seconds / 3600 * price_per_hour, 6)
    return details

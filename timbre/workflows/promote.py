"""Promote a run if it beats the promoted run on held-out prompts, and record the reason."""

from collections.abc import Iterator

from db.events import event
from db.records import EventKind, Example, Run, Split, Version
from db.runs import check_finished, promoted_run
from db.store import Store
from db.versions.contents import version_examples
from evaluation.arms import MeasuredArm
from evaluation.measures.content import SIMILARITY
from evaluation.promotion import PromotionDecision, decide_promotion
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.settings import Settings, SettingsError
from timbre.workflows.answer import (
    BASE,
    AnswerTask,
    answer_task,
    arm_outputs,
    base_arm,
    held_out_prompts,
    tuned_arm,
)
from timbre.workflows.evaluate import measure_outputs, measured_outputs


def promote_if_better(
    store: Store, campaign: Campaign, run: Run, settings: Settings, on_progress: ProgressCallback
) -> PromotionDecision:
    """Promote a finished run if it beats the promoted run (or the base model before any promotion).

    The new run and the promoted run answer the held-out prompts of the new run's version, except
    prompts that the promoted run was trained on. The result of the comparison is recorded as an
    event, whether or not the run is promoted.

    Raises `SettingsError` if the run is already promoted or the campaign has no criterion, and
    `StoreError` if the run hasn't finished.
    """
    criterion = campaign.criterion
    if criterion is None:
        raise SettingsError(describe_missing_target(campaign))
    current = _current(store, campaign.name, run)
    prompts = list(_unseen_prompts(store, campaign, run, current))
    rival = tuned_arm(current, settings) if current else base_arm(run)
    new, incumbent = (
        _measure(store, AnswerTask(campaign, owner, arm, prompts), on_progress)
        for owner, arm in ((run, tuned_arm(run, settings)), (current or run, rival))
    )
    # Base models often repeat the passage, and no trained model can be as similar to it.
    guards = (SIMILARITY, *criterion.trait_features) if current else ()
    decision = decide_promotion(new, incumbent, criterion.feature, guards)
    kind = EventKind.PROMOTED if decision.is_better else EventKind.COMPARED
    _record(store, run, kind, _details(campaign.name, current, decision.reason))
    return decision


def describe_missing_target(campaign: Campaign) -> str:
    """Explain why a campaign's runs can't be compared automatically, and how to promote one."""
    return (
        f"Runs of “{campaign.name}” can't be compared automatically, because "
        f"{campaign.lacking}. Read the report, and promote the run that you prefer "
        f"with `timbre run promote RUN --campaign {campaign.name} --anyway REASON`."
    )


def describe_decision(run: Run, decision: PromotionDecision) -> str:
    """Describe the result of a comparison in a sentence."""
    outcome = "was promoted" if decision.is_better else "wasn't promoted"
    return f"Run {run.id[:12]} {outcome}: {decision.reason}."


def promote_anyway(store: Store, campaign: str, run: Run, reason: str) -> None:
    """Promote a finished run without a comparison, and record the reason.

    Raises `SettingsError` if the run is already promoted, and `StoreError` if the run hasn't
    finished.
    """
    current = _current(store, campaign, run)
    details = _details(campaign, current, f"without comparison: {reason}")
    _record(store, run, EventKind.PROMOTED, details)


def _current(store: Store, campaign: str, run: Run) -> Run | None:
    """Return the campaign's promoted run, or None if no run has been promoted."""
    check_finished(store, run)
    current = promoted_run(store, campaign)
    if current and current.id == run.id:
        raise SettingsError(f"Run {run.id[:12]} is already promoted. Choose another run.")
    return current


def _details(campaign: str, current: Run | None, reason: str) -> dict[str, str]:
    return {"campaign": campaign, "over": current.id if current else BASE, "reason": reason}


def _record(store: Store, run: Run, kind: EventKind, details: dict[str, str]) -> None:
    """Append an event unless it equals the last event of the run."""
    new = event(run.id, kind, **details)
    last = list(store.events(run.id))[-1]
    if (last.kind, last.detail) != (new.kind, new.detail):
        store.add([new])


def _unseen_prompts(
    store: Store, campaign: Campaign, run: Run, current: Run | None
) -> Iterator[Example]:
    """Return the run's held-out prompts that the promoted run wasn't trained on."""
    prompts = held_out_prompts(store, run, campaign.evaluate.prompts)
    if current is None or current.version == run.version:
        yield from prompts
        return
    version = store.require(Version, current.version)
    seen = {example.candidate for example in version_examples(store, version, Split.TRAIN)}
    yield from (prompt for prompt in prompts if prompt.candidate not in seen)


def _measure(store: Store, task: AnswerTask, on_progress: ProgressCallback) -> MeasuredArm:
    answer_task(store, task, on_progress)
    outputs = list(arm_outputs(store, task.arm, task.run, task.prompts))
    criterion = task.campaign.criterion
    measure_outputs(store, outputs, task.campaign, on_progress)
    label = f"run {task.arm.run[:12]}" if task.arm.run else "the base model"
    return MeasuredArm(label, label, "", tuple(measured_outputs(store, outputs, criterion)))

"""Which run a campaign uses: one is promoted only if it beats the one before, and says why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from db.events import event
from db.records import EventKind, Example, Output, Run, Split, Version
from db.store import Store
from db.versions import version_examples
from evaluation.arms import Arm as MeasuredArm
from evaluation.content import FEATURES
from evaluation.promotion import Judgement, judge
from timbre.aims import subject_of
from timbre.answering import Asked, answer_arm, arm_outputs, held_out
from timbre.arms import BASE, arms, tuned_arm
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.evidence import scored
from timbre.measuring import measure_outputs
from timbre.runs import campaign_runs, check_finished
from timbre.settings import Settings, SettingsError
from timbre.stores import kept
from trainer.answer import Arm


@dataclass(frozen=True)
class Promotion:
    """A run that was promoted for a campaign: when, over which one, and why."""

    campaign: str
    run: Run
    at: str
    over: str
    reason: str


def promotions(store: Store, campaign: str = "") -> list[Promotion]:
    """Every promotion of a campaign (of all where it is empty), oldest first."""
    found = [
        Promotion(told["campaign"], status.run, happened.at, told["over"], told["reason"])
        for status in campaign_runs(store, "")
        for happened in store.events(status.run.id)
        if happened.kind is EventKind.PROMOTED
        for told in [json.loads(happened.detail)]
        if campaign in ("", told["campaign"])
    ]
    return sorted(found, key=lambda promotion: promotion.at)


def promoted(store: Store, campaign: str) -> Run | None:
    """The run that a campaign uses, None before the first promotion."""
    return next((each.run for each in reversed(promotions(store, campaign))), None)


def consider(
    store: Store, campaign: Campaign, run: Run, settings: Settings, advance: Advance
) -> Judgement:
    """Promote a finished run if it beats the promoted one (the base model before there is one).

    Both answer the held-out prompts of the run's version, without those that the promoted one was
    trained on. What was found is kept as an event either way, once.

    Raises `SettingsError` if the run has not finished or is promoted already.
    """
    before = _before(store, campaign.name, run)
    prompts = list(_fair(store, campaign, run, before))
    rival = tuned_arm(before, settings) if before else arms(campaign, run, settings)[0]
    pair = ((run, tuned_arm(run, settings)), (before or run, rival))
    new, incumbent = (
        _measured(store, Asked(campaign, of, arm, prompts), advance) for of, arm in pair
    )
    aim = subject_of(campaign).aim
    # A base model repeats its passage, to which nothing that was taught to answer comes close.
    guards = (FEATURES[0], *aim.trait_features) if before else ()
    found = judge(new, incumbent, aim.feature, guards)
    kind = EventKind.PROMOTED if found.better else EventKind.COMPARED
    _note(store, run, kind, _told(campaign.name, before, found.reason))
    return found


def judged_in_words(run: Run, found: Judgement) -> str:
    """What a comparison came to, as a line for people."""
    outcome = "is promoted" if found.better else "is not promoted"
    return f"Run {run.id[:12]} {outcome}: {found.reason}."


def promote_anyway(store: Store, campaign: str, run: Run, reason: str) -> None:
    """Promote a finished run for a reason of one's own, which is kept.

    Raises `SettingsError` if the run has not finished or is promoted already.
    """
    told = _told(campaign, _before(store, campaign, run), f"without comparison: {reason}")
    _note(store, run, EventKind.PROMOTED, told)


def _before(store: Store, campaign: str, run: Run) -> Run | None:
    """The run whose place a finished one would take, None where none is promoted.

    Raises `SettingsError` if the run has not finished or is promoted already.
    """
    check_finished(store, run)
    before = promoted(store, campaign)
    if before and before.id == run.id:
        raise SettingsError(f"found the run {run.id[:12]} promoted already, expected another one")
    return before


def _told(campaign: str, before: Run | None, reason: str) -> dict[str, str]:
    return {"campaign": campaign, "over": before.id if before else BASE, "reason": reason}


def _note(store: Store, run: Run, kind: EventKind, told: dict[str, str]) -> None:
    """Append what happened, unless it was the last thing that did."""
    happened = event(run.id, kind, **told)
    last = list(store.events(run.id))[-1]
    if (last.kind, last.detail) != (happened.kind, happened.detail):
        store.add([happened])


def _fair(store: Store, campaign: Campaign, run: Run, before: Run | None) -> Iterator[Example]:
    """The run's held-out prompts that the promoted one has not seen either."""
    prompts = held_out(store, kept(store, Version, run.version), campaign.evaluate.prompts)
    if before is None or before.version == run.version:
        yield from prompts
        return
    version = kept(store, Version, before.version)
    seen = {example.candidate for example in version_examples(store, version, Split.TRAIN)}
    yield from (prompt for prompt in prompts if prompt.candidate not in seen)


def _measured(store: Store, asked: Asked, advance: Advance) -> MeasuredArm:
    answer_arm(store, asked, advance)
    outputs: list[Output] = list(arm_outputs(store, asked.arm, asked.run, asked.prompts))
    aim = subject_of(asked.campaign).aim
    measure_outputs(store, outputs, aim, advance)
    label = _label(asked.arm)
    return MeasuredArm(label, label, "", tuple(scored(store, outputs, aim)))


def _label(arm: Arm) -> str:
    return f"run {arm.run[:12]}" if arm.run else "the base model"

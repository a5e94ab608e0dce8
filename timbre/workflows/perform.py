"""Perform all steps of a run, from training to the comparison with the promoted run."""

from db.records import Run, Version
from db.runs import promoted_run, run_status
from db.store import Store
from db.versions.contents import check_campaign
from evaluation.arms import summarise
from evaluation.verdict import percent
from timbre.campaign import Campaign
from timbre.console import echo, progress
from timbre.settings import Settings
from timbre.workflows.answer import add_comparisons, answer_run, run_outputs
from timbre.workflows.evaluate import measure_outputs, measured_arms
from timbre.workflows.promote import (
    describe_decision,
    describe_missing_target,
    promote_if_better,
)
from timbre.workflows.train import TrainPlan, train_version


def perform_run(store: Store, campaign: Campaign, version: Version, settings: Settings) -> Run:
    """Perform the unfinished steps of a run, and return the run.

    The run is promoted if it beats the currently promoted run, and the result is recorded either
    way. If the campaign has no criterion, its runs aren't compared.

    Raises `StoreError` if the version belongs to another campaign or if some of its data was
    withdrawn, and `TrainerError` if training fails.
    """
    check_campaign(version, campaign.name, f"Version {version.id[:12]}")
    run = train_adapter(store, campaign, version, settings)
    answer_prompts(store, campaign, run, settings)
    add_comparisons(store, campaign, run_outputs(store, campaign, run, settings))
    if campaign.criterion is None:
        echo(describe_missing_target(campaign))
    elif promoted_run(store, campaign.name) != run:
        with progress("compare with the promoted run") as advance:
            decision = promote_if_better(store, campaign, run, settings, advance)
        echo(describe_decision(run, decision))
    return run


def train_adapter(store: Store, campaign: Campaign, version: Version, settings: Settings) -> Run:
    """Train the campaign's adapter on a version, and print the loss and time."""
    with progress("training") as advance:
        plan = TrainPlan(version, campaign.training.config)
        run = train_version(store, plan, settings, advance)
    details = run_status(store, run).detail
    losses = details["losses"]
    echo(
        f"run         {run.id[:12]}: {run.base} in {details['precision']}, {len(losses)} steps, "
        f"loss {losses[0]:.2f} to {losses[-1]:.2f} in {details['seconds']:.0f} s"
    )
    for note in details.get("template_notes", ()):
        echo(f"template    {note}")
    return run


def answer_prompts(store: Store, campaign: Campaign, run: Run, settings: Settings) -> None:
    """Answer held-out prompts with every arm, measure the answers, and print the results."""
    with progress("answers") as advance:
        answer_run(store, campaign, run, settings, advance)
    outputs, criterion = run_outputs(store, campaign, run, settings), campaign.criterion
    with progress("measures") as advance:
        for arm_outputs in outputs.values():
            measure_outputs(store, arm_outputs, campaign, advance)
    if criterion is None:
        return
    for arm in measured_arms(store, outputs, criterion):
        rate = summarise(arm, criterion.feature).target
        if rate:
            label = criterion.feature.label.lower()
            interval = f"{percent(rate.low)} to {percent(rate.high)}"
            echo(
                f"answers     {arm.label}: {percent(rate.estimate)} of {len(arm.outputs)} answers "
                f"{label} ({interval})"
            )

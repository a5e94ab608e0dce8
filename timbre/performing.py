"""All that a run is: an adapter, its answers, their measures, and the pairs that people compare."""

from db.records import Run, Version
from db.store import Store
from timbre.answering import run_outputs
from timbre.campaign import Campaign
from timbre.comparing import add_comparisons
from timbre.console import progress, say
from timbre.demo import answer_prompts, train_adapter
from timbre.promotion import consider, judged_in_words, promoted
from timbre.settings import Settings
from timbre.versions import check_campaign


def perform_run(store: Store, campaign: Campaign, version: Version, settings: Settings) -> Run:
    """Do what of a run is not done yet, in the steps of the demo; returns the run.

    It is promoted if it beats the promoted one, which is said and kept either way.

    Raises `SettingsError` if the version is another campaign's, `StoreError` if something was
    withdrawn from it, `TrainerError` if training fails.
    """
    check_campaign(version, campaign.name, f"version {version.id[:12]}")
    run = train_adapter(store, campaign, version, settings)
    answer_prompts(store, campaign, run, settings)
    outputs = run_outputs(store, campaign, run, settings)
    add_comparisons(store, campaign, [output for found in outputs.values() for output in found])
    if promoted(store, campaign.name) != run:
        with progress("compare with the promoted run") as advance:
            say(judged_in_words(run, consider(store, campaign, run, settings, advance)))
    return run

"""Compare every prompting strategy with a tuned model on a version's held-out prompts."""

from dataclasses import dataclass
from pathlib import Path

from db.records import CandidateKind, Review, Split, Version
from db.runs import RunStatus
from db.store import Store
from db.versions.contents import version_examples
from evaluation.pages.page import write_page
from pipelines.voices.prompts import rewrite_prompt, rules_prompt
from studies.config import LadderConfig
from studies.ladder import run_ladder
from studies.pages.ladder import LadderRun, TuningCost, ladder_page
from studies.result_cache import ProgressCallback, ResultCache, StudyContext
from studies.strategies import PromptingTask, StudyModel, by_length
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError
from timbre.workflows.answer import held_out_prompts
from trainer.training.checkpoints import ADAPTER

_CHAT_KINDS = (CandidateKind.CONVERSATION, CandidateKind.DIALOGUE)


@dataclass(frozen=True)
class AdviceRequest:
    """A finished run to compare with prompting, and the settings for the comparison."""

    campaign: Campaign
    status: RunStatus
    config: LadderConfig


def compare_strategies(
    store: Store, request: AdviceRequest, settings: Settings, on_progress: ProgressCallback
) -> LadderRun:
    """Answer the held-out prompts of a run's version with every strategy, and measure the answers.

    Raises `SettingsError` if the version has no held-out prompts or the campaign has no criterion.
    """
    run, campaign, config = request.status.run, request.campaign, request.config
    criterion = campaign.require_criterion("Advice")
    prompts = held_out_prompts(store, run, config.prompts)
    if not prompts:
        raise SettingsError(
            f"Version {run.version[:12]} has no held-out prompts, so there is nothing to compare. "
            "Freeze a version with conversations or dialogues in its test split."
        )
    version = store.require(Version, run.version)
    pool = [e for e in version_examples(store, version, Split.TRAIN) if e.kind in _CHAT_KINDS]
    task = PromptingTask(
        prompts=tuple(prompts),
        examples=by_length(pool),
        criterion=criterion,
        system=campaign.system_prompt,
        rules=rules_prompt(campaign.voice),
        rewrite=config.rewrite or rewrite_prompt(campaign.voice),
    )
    model = StudyModel(run.base, "", settings.run_folder(run.id) / ADAPTER, run.id)
    cache = ResultCache(settings.home / "studies" / f"ladder-{campaign.name}")
    with cache.lock():
        ladder = run_ladder(task, model, config, StudyContext(cache, on_progress))
    reviews = store.count(Review, dataset=campaign.datasets_of(campaign.candidates_dataset))
    return LadderRun(ladder, task, config, TuningCost(request.status.detail["seconds"], reviews))


def write_ladder_page(ladder: LadderRun, request: AdviceRequest, settings: Settings) -> Path:
    """Write the comparison page and its figures; the same answers always produce the same page."""
    campaign, run = request.campaign, request.status.run
    title = f"{campaign.name}: prompt or tune?"
    page = ladder_page(ladder, title, campaign.subject, request.status.at)
    return write_page(page, settings.reports / f"{campaign.name}-ladder-{run.id[:12]}.html")

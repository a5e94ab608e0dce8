"""The ladder of a version: what is asked, with which words, and the page it comes to."""

from dataclasses import dataclass
from pathlib import Path

from db.records import CandidateKind, Example, Review, Split, Version
from db.runs import RunStatus
from db.store import Store
from db.versions import version_examples
from evaluation.pages.page import write_page
from pipelines.voices.persona import load_persona
from pipelines.voices.tone import load_tone
from studies.ladder import LadderConfig, ProgressCallback, PromptingTask, run_ladder
from studies.pages.ladder import LadderRun, Training, ladder_page
from studies.result_cache import ResultCache
from studies.strategies import Model
from timbre.aims import subject_of
from timbre.answering import held_out
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError, config_file
from timbre.training import run_folder
from trainer.checkpoints import ADAPTER

_TALK = (CandidateKind.CONVERSATION, CandidateKind.DIALOGUE)


@dataclass(frozen=True)
class Advising:
    """What advice is sought on: a campaign's finished run, and how the ladder is climbed."""

    campaign: Campaign
    status: RunStatus
    config: LadderConfig


def climb_ladder(
    store: Store, seeking: Advising, settings: Settings, told: ProgressCallback
) -> LadderRun:
    """Every way's answers to the held-out prompts of the run's version, measured.

    Raises `SettingsError` if the version holds no prompt out.
    """
    run, campaign, config = seeking.status.run, seeking.campaign, seeking.config
    version = store.require(Version, run.version)
    asked = asked_of(store, campaign, version, config)
    if not asked.prompts:
        raise SettingsError(
            f"found no held-out prompt in the version “{version.name}”, expected one at least; "
            "freeze a version with conversations or dialogues on its test side"
        )
    model = Model(run.base, "", run_folder(settings, run) / ADAPTER, run.id)
    shelf = ResultCache(settings.home / "studies" / f"ladder-{campaign.name}")
    with shelf.alone():
        ladder = run_ladder(asked, model, config, shelf, told)
    reviews = store.count(Review, dataset=campaign.candidates_dataset)
    return LadderRun(ladder, asked, config, Training(seeking.status.detail["seconds"], reviews))


def asked_of(
    store: Store, campaign: Campaign, version: Version, config: LadderConfig
) -> PromptingTask:
    """The held-out prompts, the examples that may be shown, and the words of every way."""
    subject = subject_of(campaign)
    pool = [e for e in version_examples(store, version, Split.TRAIN) if e.kind in _TALK]
    return PromptingTask(
        prompts=tuple(held_out(store, version, config.prompts)),
        pool=tuple(sorted(pool, key=lambda example: (_length(example), example.id))),
        aim=subject.aim,
        system=subject.system,
        rules=rules_of(campaign),
        rewrite=config.rewrite or rewrite_of(campaign),
    )


def rules_of(campaign: Campaign) -> str:
    """The long system prompt: everything the tone's or persona's file says of how to answer."""
    if campaign.persona:
        persona = load_persona(config_file("personas", campaign.persona))
        traits = [
            f"- {t.name}: {t.description} For example, {' and '.join(t.shows)}. "
            f"Never: {', '.join(t.never)}."
            for t in persona.traits
        ]
        facts = [f"- {fact.first}" for fact in persona.facts]
        lines = [persona.system, persona.description, "Traits:", *traits, "Facts:", *facts]
        return "\n".join(lines)
    tone = load_tone(config_file("tones", campaign.tone))
    rules = [f"- {g.do}\n  Not: {g.plain}\n  But: {g.rewritten}" for g in tone.guidelines]
    return "\n".join([tone.system, f"The tone is {tone.description}", "Rules:", *rules])


def rewrite_of(campaign: Campaign) -> str:
    """What a second turn asks for where the first answer missed the target."""
    if campaign.persona:
        persona = load_persona(config_file("personas", campaign.persona))
        return f"Say that again as {persona.name} would. {persona.description} Keep every fact."
    tone = load_tone(config_file("tones", campaign.tone))
    return f"Say that again in this tone: {tone.description} Keep every fact, name and number."


def write_ladder_page(climbed: LadderRun, seeking: Advising, settings: Settings) -> Path:
    """Write the ladder's page with its figures beside it; the same answers write the same page."""
    campaign, run = seeking.campaign, seeking.status.run
    title = f"{campaign.name}: prompt or tune?"
    page = ladder_page(climbed, title, subject_of(campaign).words, seeking.status.at)
    return write_page(page, settings.reports / f"{campaign.name}-ladder-{run.id[:12]}.html")


def _length(example: Example) -> int:
    return sum(len(message.content) for message in example.messages)

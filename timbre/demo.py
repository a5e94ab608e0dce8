"""The whole loop, told in order: Wikipedia in, a fine-tuned model and what people say of it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from annotation.accounts import UserRole
from annotation.connect import Connection
from db.records import Run, Version
from db.store import Store
from evaluation.arms import summarise
from evaluation.verdict import percent
from pipelines.wikipedia.sources import name_of
from timbre.accounts import add_reviewers
from timbre.aims import subject_of
from timbre.answering import answer_run, run_outputs
from timbre.argilla import reviewing
from timbre.arms import TUNED
from timbre.articles import add_articles
from timbre.campaign import Campaign, load_campaign
from timbre.comparing import add_comparisons
from timbre.console import Advance, counted, progress, say
from timbre.evidence import measured_arms
from timbre.freezing import freeze_campaign
from timbre.gates import AGREEMENT
from timbre.generation import generate
from timbre.measuring import measure_outputs
from timbre.reporting import write_report
from timbre.reviewing import pull_reviews, push, push_blind
from timbre.rule_reviewing import add_rule_reviewers, review_candidates, review_comparisons
from timbre.runs import run_status
from timbre.settings import Settings, config_file
from timbre.stores import open_store, size
from timbre.training import Wanted, train_version
from timbre.versions import judged_by, sides
from timbre.waiting import wait_for_people
from trainer.config import load_config


class ReviewBy(StrEnum):
    """Who reviews in the demo: written rules, or people in the web UI."""

    RULES = "rules"
    HUMAN = "human"


ByRules = Callable[[Store, Campaign, Sequence[Connection], Advance], int]
PEOPLE = ("annotator-1", "annotator-2")
_WHO = {ReviewBy.RULES: "written rules, not people", ReviewBy.HUMAN: "people"}


@dataclass(frozen=True)
class DemoOptions:
    """What the demo runs on: a source, an Argilla (empty: the embedded one), who reviews."""

    source: str = "sample"
    argilla: str = ""
    review: ReviewBy = ReviewBy.RULES
    port: int = 6900


def run_demo(settings: Settings, options: DemoOptions) -> Path:
    """Run the loop from articles to report; what was done before is not done again.

    Returns the report's path.
    """
    tone, persona = (_campaign(name, options.source) for name in ("demo-tone", "demo-persona"))
    with open_store(settings) as store:
        before = size(store)
        take_in_articles(store, options.source)
        make_candidates(store, tone, settings)
        make_candidates(store, persona, settings)
        with reviewing(settings, options.argilla, options.port) as argilla:
            judges = Judges(store, settings, argilla, options.review)
            judges.judge_candidates(tone)
            judges.judge_candidates(persona)
            version = freeze_version(store, tone)
            freeze_version(store, persona)
            run = train_adapter(store, tone, version, settings)
            answer_prompts(store, tone, run, settings)
            judges.judge_outputs(tone, run)
        path = report(store, tone, run, settings)
        if size(store) == before:
            say("Nothing changed: every step had been done before.")
        return path


def take_in_articles(store: Store, source: str) -> None:
    """Step 1: articles and their passages."""
    with progress("articles") as advance:
        intake = add_articles(store, source, advance)
    say(
        f"articles    {intake.articles} read from {name_of(source)} with {intake.passages} "
        f"passages; refused: {counted(intake.refused)}"
    )


def make_candidates(store: Store, campaign: Campaign, settings: Settings) -> None:
    """Step 2: candidates of a campaign."""
    with progress(f"candidates of {campaign.name}") as advance:
        counts, _ = generate(store, campaign, settings, advance)
    new = counts.pop("new")
    say(f"candidates  {campaign.name}: {counted(counts)} ({new} records new)")


def freeze_version(store: Store, campaign: Campaign) -> Version:
    """Step 5: what was approved, frozen."""
    version = freeze_campaign(store, campaign, campaign.name)
    agreed = next(gate.found for gate in version.gates if gate.name == AGREEMENT)
    say(f"agreement   {campaign.name}: {agreed} on the decision")
    say(
        f"version     {version.id[:12]} “{version.name}”: {sides(version)} examples; "
        f"judged by {judged_by(version)}"
    )
    return version


def train_adapter(store: Store, campaign: Campaign, version: Version, settings: Settings) -> Run:
    """Step 6: a LoRA adapter on the version."""
    config = load_config(config_file("training", campaign.training))
    with progress("training") as advance:
        run = train_version(store, Wanted(version, config), settings, advance)
    told = run_status(store, run).detail
    losses = told["losses"]
    say(
        f"run         {run.id[:12]}: {run.base} in {told['precision']}, {len(losses)} steps, "
        f"loss {losses[0]:.2f} to {losses[-1]:.2f} in {told['seconds']:.0f} s"
    )
    return run


def answer_prompts(store: Store, campaign: Campaign, run: Run, settings: Settings) -> None:
    """Step 7: every arm answers the held-out prompts, and the answers are measured."""
    with progress("answers") as advance:
        answer_run(store, campaign, run, settings, advance)
    outputs, aim = run_outputs(store, campaign, run, settings), subject_of(campaign).aim
    with progress("measures") as advance:
        for found in outputs.values():
            measure_outputs(store, found, aim, advance)
    for arm in measured_arms(store, outputs, aim):
        rate = summarise(arm, aim.feature).target
        if rate:
            say(
                f"answers     {arm.label}: {percent(rate.estimate)} of {len(arm.outputs)} answers "
                f"{aim.feature.label.lower()} ({percent(rate.low)} to {percent(rate.high)})"
            )


@dataclass(frozen=True)
class Judges:
    """Who judges candidates and outputs, and where."""

    store: Store
    settings: Settings
    argilla: Connection
    by: ReviewBy

    def judge_candidates(self, campaign: Campaign) -> None:
        """Steps 3 and 4: candidates out to reviewers, their reviews back."""
        with progress(f"push {campaign.candidates_dataset}") as advance:
            pushed = push(self.store, campaign, self.argilla, advance)
        say(
            f"push        {campaign.candidates_dataset}: {pushed.new} new, {pushed.unchanged} there"
        )
        self._review(campaign, campaign.candidates_dataset, review_candidates)

    def judge_outputs(self, campaign: Campaign, run: Run) -> None:
        """Step 8: the arms' answers out to the same reviewers, blind, and their votes back."""
        outputs = run_outputs(self.store, campaign, run, self.settings)
        add_comparisons(self.store, campaign, [o for found in outputs.values() for o in found])
        with progress(f"push {campaign.outputs_dataset}") as advance:
            pushed = push_blind(self.store, campaign, self.argilla, advance)
        say(f"push        {campaign.outputs_dataset}: {pushed.new} new, {pushed.unchanged} there")
        self._review(campaign, campaign.outputs_dataset, review_comparisons)

    def _review(self, campaign: Campaign, dataset: str, by_rules: ByRules) -> None:
        if self.by is ReviewBy.RULES:
            rules = add_rule_reviewers(self.settings, self.argilla)
            with progress(f"review {dataset} by rules") as advance:
                by_rules(self.store, campaign, rules, advance)
        else:
            self._ask_people(dataset)
        pulled = pull_reviews(self.store, dataset, self.argilla)
        said = f"{pulled.new} new, {pulled.changed} changed, {pulled.unchanged} as before"
        say(f"reviews     {dataset}: {said} (by {_WHO[self.by]})")

    def _ask_people(self, dataset: str) -> None:
        people = add_reviewers(self.settings, self.argilla, PEOPLE, UserRole.ANNOTATOR)
        say(f"review      open {self.argilla.url} and label the dataset “{dataset}”, as")
        for person in people:
            say(f"              {person.name}  password {person.password or '(set before)'}")
        with progress(f"{dataset}, judged") as advance:
            wait_for_people(self.argilla, dataset, advance)


def report(store: Store, campaign: Campaign, run: Run, settings: Settings) -> Path:
    """Step 9: the report, and where to start walking back from."""
    path = write_report(store, campaign, run_status(store, run), settings)
    first = min(run_outputs(store, campaign, run, settings)[TUNED], key=lambda o: o.prompt)
    say(f"report      {path}")
    say(f"trace       timbre trace {first.id[:12]}  walks an answer back to its article")
    return path


def _campaign(name: str, source: str) -> Campaign:
    return replace(load_campaign(config_file("campaigns", name)), sources=(source,))

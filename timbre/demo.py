"""Run the whole loop, from reading Wikipedia articles to reviewing a tuned model's outputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from annotation.argilla.accounts import UserRole
from annotation.argilla.connection import Connection
from annotation.progress import wait_for_reviews
from db.records import Run, Version
from db.runs import run_status
from db.store import Store
from evaluation.gates import AGREEMENT
from pipelines.articles.sources import source_name
from pipelines.teachers.registry import PHRASEBOOK
from timbre.argilla import add_reviewers, connect_or_start
from timbre.campaign import Campaign, load_campaign, load_training
from timbre.console import ProgressCallback, echo, format_counts, progress
from timbre.settings import Settings
from timbre.stores import open_store
from timbre.workflows.answer import TUNED, add_comparisons, run_outputs
from timbre.workflows.freeze import freeze_campaign
from timbre.workflows.generate.run import generate
from timbre.workflows.ingest import add_articles
from timbre.workflows.perform import answer_prompts, train_adapter
from timbre.workflows.report import write_report
from timbre.workflows.review.pull import pull_reviews
from timbre.workflows.review.push import push, push_outputs
from timbre.workflows.review.rules import (
    add_rule_reviewers,
    review_candidates_by_rules,
    review_comparisons_by_rules,
)
from trainer.models.lookup import MINI, SMOLLM2, resolve
from trainer.models.smollm2 import ModelUnavailableError

SAMPLE = "sample"
_MINI_NO_REPEAT = 6
PEOPLE = ("annotator-1", "annotator-2")
ReviewByRules = Callable[[Store, Campaign, Sequence[Connection], ProgressCallback], int]


@dataclass(frozen=True)
class DemoOptions:
    """Options for the demo: the article source, base model, Argilla server and reviewers.

    If `argilla` is empty, the demo uses the embedded server.
    """

    source: str = SAMPLE
    base: str = SMOLLM2
    argilla: str = ""
    by_people: bool = False
    port: int = 6900


def run_demo(settings: Settings, options: DemoOptions) -> Path:
    """Run the whole loop from articles to the report, and skip steps that are already finished.

    Returns the path of the report.
    """
    base = choose_base(options.base)
    tone, persona = (
        _campaign(name, options.source, base) for name in ("demo-tone", "demo-persona")
    )
    with open_store(settings) as store:
        size = store.size()
        ingest_articles(store, options.source)
        generate_candidates(store, tone, settings)
        generate_candidates(store, persona, settings)
        with connect_or_start(settings, options.argilla, options.port) as argilla:
            review = Review(store, settings, argilla, options.by_people)
            review.candidates(tone)
            review.candidates(persona)
            version = freeze_version(store, tone)
            freeze_version(store, persona)
            run = train_adapter(store, tone, version, settings)
            answer_prompts(store, tone, run, settings)
            review.outputs(tone, run)
        path = report(store, tone, run, settings)
        if store.size() == size:
            echo("Nothing changed, because every step was already done.")
        return path


def choose_base(base: str) -> str:
    """Return the base model, or the mini model if the base model can't be downloaded."""
    if base == SMOLLM2:
        try:
            resolve(base)
        except ModelUnavailableError as error:
            echo(f"base        The demo uses the mini base model instead of SmolLM2. {error}")
            return MINI
    return base


def ingest_articles(store: Store, source: str) -> None:
    """Step 1 of the demo: read articles and split them into passages."""
    with progress("articles") as advance:
        intake = add_articles(store, source, advance)
    echo(
        f"articles    {intake.articles} read from {source_name(source)} with {intake.passages} "
        f"passages; rejected: {format_counts(intake.rejected)}"
    )


def generate_candidates(store: Store, campaign: Campaign, settings: Settings) -> None:
    """Step 2 of the demo: generate a campaign's candidates."""
    with progress(f"candidates of {campaign.name}") as advance:
        counts = generate(store, campaign, settings, advance).stored
    echo(f"candidates  {campaign.name}: {counts} ({counts.new} new records)")


@dataclass(frozen=True)
class Review:
    """Steps 3, 4 and 8 of the demo: get reviews of records from people or rules."""

    store: Store
    settings: Settings
    argilla: Connection
    by_people: bool

    def candidates(self, campaign: Campaign) -> None:
        """Push candidates and pull their reviews."""
        dataset = campaign.candidates_dataset
        with progress(f"push {dataset}") as advance:
            count = push(self.store, campaign, self.argilla, advance)
        echo(f"push        {dataset}: {count.new} new, {count.unchanged} unchanged")
        self._collect(campaign, dataset, review_candidates_by_rules)

    def outputs(self, campaign: Campaign, run: Run) -> None:
        """Push blind comparisons of the arms to the reviewers, and pull their votes."""
        dataset = campaign.outputs_dataset
        outputs = run_outputs(self.store, campaign, run, self.settings)
        add_comparisons(self.store, campaign, outputs)
        with progress(f"push {dataset}") as advance:
            count = push_outputs(self.store, campaign, self.argilla, advance)
        echo(f"push        {dataset}: {count.new} new, {count.unchanged} unchanged")
        self._collect(campaign, dataset, review_comparisons_by_rules)

    def _collect(self, campaign: Campaign, dataset: str, review_by_rules: ReviewByRules) -> None:
        if self.by_people:
            self._wait_for_people(dataset)
        else:
            rules = add_rule_reviewers(self.settings, self.argilla)
            with progress(f"review {dataset} by rules") as advance:
                review_by_rules(self.store, campaign, rules, advance)
        count = pull_reviews(self.store, dataset, self.argilla)
        reviewers = "people" if self.by_people else "written rules, not people"
        echo(
            f"reviews     {dataset}: {count.new} new, {count.changed} changed, "
            f"{count.unchanged} unchanged (by {reviewers})"
        )

    def _wait_for_people(self, dataset: str) -> None:
        people = add_reviewers(self.settings, self.argilla, PEOPLE, UserRole.ANNOTATOR)
        echo(f"review      open {self.argilla.url} and review the dataset “{dataset}”, as")
        for person in people:
            echo(f"              {person.name}  password {person.password or '(already set)'}")
        with progress(f"{dataset}, reviewed") as advance:
            wait_for_reviews(self.argilla, dataset, advance)


def freeze_version(store: Store, campaign: Campaign) -> Version:
    """Step 5 of the demo: freeze the approved candidates."""
    version = freeze_campaign(store, campaign, campaign.name)
    agreement = next(gate.found for gate in version.gates if gate.name == AGREEMENT)
    echo(f"agreement   {campaign.name}: {agreement} on the decision")
    echo(
        f"version     {version.id[:12]} “{version.name}”: {version.split_counts} examples; "
        f"reviewed by {version.reviewers}"
    )
    return version


def report(store: Store, campaign: Campaign, run: Run, settings: Settings) -> Path:
    """Step 9 of the demo: write the report, and print the command that traces an answer."""
    path = write_report(store, campaign, run_status(store, run), settings)
    first = min(run_outputs(store, campaign, run, settings)[TUNED], key=lambda o: o.prompt)
    echo(f"report      {path}")
    echo(f"trace       timbre trace {first.id[:12]}  traces an answer back to its article")
    return path


def _campaign(name: str, source: str, base: str) -> Campaign:
    campaign = replace(load_campaign(name), sources=(source,), training=load_training(base))
    if source != SAMPLE:  # texts have been written for the sample only
        generate = replace(campaign.generate, teacher=PHRASEBOOK)
        campaign = replace(campaign, generate=generate)
    if base == MINI:  # the mini model tends to repeat itself
        evaluate = replace(campaign.evaluate, no_repeat=_MINI_NO_REPEAT)
        campaign = replace(campaign, evaluate=evaluate)
    return campaign

"""A tone without a [target] works from generation to promotion, by people's judgement alone."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from db.records import (
    Answer,
    Candidate,
    Comparison,
    Interval,
    Measure,
    Output,
    Review,
    ReviewerKind,
    ReviewStatus,
    Run,
)
from db.reviews import reconcile_reviews
from db.runs import promoted_run
from db.store import Store
from db.versions.freeze import freeze
from evaluation.arms import compare_arms, summarise
from evaluation.measures.content import SIMILARITY
from evaluation.pages.report import render_report
from evaluation.reviewer_ratings import ArmRating
from evaluation.verdict import NO_CRITERION, Evidence, verdict
from tests.db.approvals import PLAN, add_approvals
from tests.evaluation.samples import arms, sample_preferences, sample_report
from tests.timbre.conftest import Timbre, ignore_progress
from tests.timbre.workflows.conftest import add_passages
from timbre.campaign import load_campaign
from timbre.settings import Settings, SettingsError
from timbre.workflows.freeze import suggestion_cards
from timbre.workflows.judge import candidate_cards
from timbre.workflows.promote import promote_if_better
from timbre.workflows.review.pull import pull_campaign
from timbre.workflows.review.push import push
from timbre.workflows.review.rules import add_rule_reviewers, review_candidates_by_rules

TONE = """
name = "calm"
description = "unhurried and friendly"
system = "You answer calmly."
[scale]
question = "Wie ruhig klingt es?"
anchors = [
    { value = 1, label = "gehetzt", example = "Quick, now!" },
    { value = 2, label = "neutral", example = "Now." },
    { value = 3, label = "ruhig", example = "In your own time." },
]
[[guidelines]]
do = "Take your time."
plain = "Go."
rewritten = "Whenever you're ready, go."
[phrasebook]
moves = ["split", "contract", "address"]
openers = ["Sure,"]
opener_share = 1.0
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tone without a target, its campaign and a training file, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("calm.toml").write_text(TONE, encoding="utf-8")
    Path("tone.toml").write_text(
        'name = "tone"\ntone = "calm.toml"\ntraining = "tiny.toml"\n[review]\noverlap = 2\n'
        "[evaluate]\nprompts = 12\nmax_new_tokens = 3\n",
        encoding="utf-8",
    )
    Path("tiny.toml").write_text(
        f'base = "{tiny_model}"\nsteps = 2\nbatch_size = 2\nlora_rank = 2\nprecision = "float32"\n',
        encoding="utf-8",
    )


def test_candidates_are_generated_reviewed_and_frozen(
    timbre: Timbre,
    store: Store,
    settings: Settings,
    owner: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trainer.embed.embed", lambda texts: np.ones((len(texts), 384)))
    add_passages(store)
    timbre("generate", "tone.toml")
    campaign = load_campaign("tone.toml")
    assert campaign.criterion is None
    count = store.count(Candidate, campaign="tone")
    assert count
    assert push(store, campaign, owner, ignore_progress).new == count
    with connect(owner) as server:
        dataset = find_dataset(server, campaign.candidates_dataset)
        records = server.get(f"datasets/{dataset.id}/records")["items"]
    suggested = {one.split(":")[0] for r in records for one in r["metadata"]["suggested"]}
    assert suggested == {"faithful"}
    rules = add_rule_reviewers(settings, owner)
    assert review_candidates_by_rules(store, campaign, rules, ignore_progress) == 2 * count
    reviews = [one for _, c in pull_campaign(store, campaign, owner) for one in [c.new]]
    assert sum(reviews) == 2 * count
    assert list(suggestion_cards(store, campaign)) == []
    frozen = timbre("version", "freeze", "tone.toml", "--override", "a test").out
    assert "2 train, 0 validation, 0 test" in frozen


def test_a_run_is_trained_answered_reported_and_promoted_by_a_person(
    timbre: Timbre, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze(store, PLAN, add_approvals(store, range(60)))
    performed = timbre("run", "perform", "first", "--campaign", "tone.toml").out
    assert "can't be compared automatically, because the tone “calm” has no [target]" in performed
    (run,) = store.stream(Run)
    assert promoted_run(store, "tone") is None
    outputs = list(store.stream(Output))
    measures = list(store.stream(Measure, subject=tuple(o.id for o in outputs)))
    assert {"flesch_reading_ease", "similarity"} <= {measure.name for measure in measures}
    assert "calm" not in {measure.name for measure in measures}
    timbre("run", "perform", "first", "--campaign", "tone.toml")
    assert store.count(Measure) == len(measures)

    rows = json.loads(timbre("evaluate", run.id, "--campaign", "tone.toml", "--json").out)
    assert {"flesch_reading_ease", "similarity"} <= rows[0].keys()
    evaluated = " ".join(timbre("evaluate", run.id, "--campaign", "tone.toml").out.split())
    assert "The tone “calm” has no [target]" in evaluated

    add_votes(store)
    page = report_text(timbre)
    assert NO_CRITERION in page
    assert (
        "Mean ratings of the tone: 1.0 for “Base” (12 answers), 3.0 for “Tuned” (12 answers)"
        in page
    )
    assert "Wie ruhig klingt es? (1: gehetzt; 3: ruhig)" in page
    assert "The reviewers preferred the fine-tuned model" in page
    campaign = load_campaign("tone.toml")
    monkeypatch.setattr("timbre.workflows.overview.load_campaign", lambda _: campaign)
    assert "no target" in Path(timbre("report").out.strip()).read_text(encoding="utf-8")

    error = timbre("run", "promote", run.id, "--campaign", "tone.toml", status=1).err
    assert "--anyway REASON" in " ".join(error.split())
    with pytest.raises(SettingsError, match=r"has no \[target\]"):
        promote_if_better(store, load_campaign("tone.toml"), run, settings, ignore_progress)
    timbre("run", "promote", run.id, "--campaign", "tone.toml", "--anyway", "people like it")
    assert promoted_run(store, "tone") == run

    error = " ".join(timbre("advise", "first", "--campaign", "tone.toml", status=1).err.split())
    assert "Advice needs to know which answers match the tone" in error
    assert "no [target]" in error


def add_votes(store: Store) -> None:
    """One person prefers every tuned answer, rates it 3 and the others 1."""
    arm_of = {output.id: output.arm for output in store.stream(Output)}
    votes = []
    for pair in store.stream(Comparison, campaign="tone"):
        sides = {"left": arm_of[pair.left], "right": arm_of[pair.right]}
        preferred = next((side for side, arm in sides.items() if arm == "tuned"), "tie")
        ratings = (Answer(f"tone_{s}", 3 if arm == "tuned" else 1) for s, arm in sides.items())
        votes.append(
            Review(
                subject=pair.id,
                reviewer="ada",
                reviewer_kind=ReviewerKind.PERSON,
                status=ReviewStatus.SUBMITTED,
                answers=(Answer("preference", preferred), *ratings),
                dataset="tone-outputs",
            )
        )
    assert votes
    reconcile_reviews(store, "tone-outputs", votes, "2026-01-01T00:00:00Z")


def report_text(timbre: Timbre) -> str:
    html = Path(timbre("report", "tone.toml").out.strip()).read_text(encoding="utf-8")
    text = BeautifulSoup(html, "html.parser").get_text(" ").replace("\N{NO-BREAK SPACE}", " ")
    return " ".join(text.split())


def test_a_study_of_such_a_tone_says_what_is_missing() -> None:
    with pytest.raises(SettingsError, match=r"A study needs to know .* no \[target\]"):
        load_campaign("tone.toml").require_criterion("A study")


def test_reviewed_candidates_need_no_rule_to_be_labelled(store: Store) -> None:
    assert list(candidate_cards(store, load_campaign("tone.toml"), [])) == []


def test_the_verdict_without_a_criterion_is_that_of_people() -> None:
    summaries = {arm.name: summarise(arm, None) for arm in arms()}
    assert all(summary.target is None for summary in summaries.values())
    differences = compare_arms(arms(), [("tuned", "base")], (SIMILARITY,))
    evidence = Evidence(summaries["tuned"], summaries["base"], differences, None, None)
    silent = verdict(evidence)
    assert silent.startswith(NO_CRITERION)
    assert silent.endswith("Nobody has compared the answers yet.")
    assert "similarity to the reference changed" in silent
    rated = replace(
        evidence,
        preferences=sample_preferences(),
        ratings=(
            ArmRating("tuned", 8, 16, Interval(3.8, 4.1, 4.4)),
            ArmRating("base", 1, 1, Interval(2.0, 2.0, 2.0)),
        ),
    )
    sentences = verdict(rated)
    assert "blind comparisons" in sentences
    assert "4.1 (3.8 to 4.4) for “Fine-tuned” (8 answers), 2.0 for “Base model”" in sentences
    assert verdict(Evidence(None, target=None)).startswith(NO_CRITERION)


def test_the_report_of_an_unmeasured_campaign_renders_without_a_criterion() -> None:
    data = sample_report()
    without = replace(data, target=None, arms=tuple(replace(arm, target=None) for arm in data.arms))
    html = render_report(without)
    assert "no criterion was set" in html
    assert "Conversational" not in BeautifulSoup(html, "html.parser").select_one("header").text  # type: ignore[union-attr]


CARD = {
    "spec": "chara_card_v2",
    "data": {
        "name": "Tarn",
        "description": "{{char}} keeps a mill by the weir and grinds oats for the village.",
        "personality": "patient, dry",
        "first_mes": "Mind the step, it is wet.",
    },
}


def test_a_persona_without_markers_is_generated_trained_and_reported(
    timbre: Timbre, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.embed.embed", lambda texts: np.ones((len(texts), 384)))
    Path("tarn.json").write_text(json.dumps(CARD), encoding="utf-8")
    text = Path("tone.toml").read_text(encoding="utf-8")
    text = text.replace('tone = "calm.toml"', 'persona = "tarn.json"')
    Path("tarn.toml").write_text(text.replace('"tone"', '"tarn"'), encoding="utf-8")
    add_passages(store)
    timbre("generate", "tarn.toml")
    assert store.count(Candidate, campaign="tarn")
    assert load_campaign("tarn.toml").criterion is None
    checked = json.loads(timbre("check", "tarn.toml", "--json", status=1).out)
    (criterion,) = (row for row in checked if row["name"] == "criterion")
    assert criterion["detail"].startswith("none, so results are reported by people's")

    plan = replace(PLAN, campaign="tarn", name="tarn")
    freeze(store, plan, add_approvals(store, range(60)))
    performed = timbre("run", "perform", "tarn", "--campaign", "tarn.toml").out
    lacking = "the persona “Tarn” has no [criteria], and its traits have no `markers`"
    assert lacking in performed
    html = Path(timbre("report", "tarn.toml").out.strip()).read_text(encoding="utf-8")
    assert "No criterion was set" in html
    assert "In character" not in html
    with pytest.raises(SettingsError, match="match the persona, but the persona “Tarn” has no"):
        load_campaign("tarn.toml").require_criterion("A study")

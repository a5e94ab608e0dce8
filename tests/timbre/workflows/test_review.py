"""A campaign whose reviewers disagree: calibration, assignment, ties and flags."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from annotation.argilla.accounts import add_user
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from annotation.submit import submit
from annotation.verdicts import verdicts
from db.records import Answer, Candidate, Decision, Review, ReviewStatus
from db.reviews import current_reviews
from db.store import Store
from tests.annotation.records import ARTICLE, conversation, passage
from tests.timbre.argilla_campaign import review
from tests.timbre.conftest import Timbre, ignore_progress
from timbre.campaign import resolve_campaign
from timbre.campaign_config import CampaignConfig, ReviewConfig
from timbre.workflows.review.items import in_calibration
from timbre.workflows.review.pull import campaign_progress, independent_reviews, pull_campaign
from timbre.workflows.review.push import push, push_ties

CAMPAIGN = resolve_campaign(
    CampaignConfig(
        name="divided",
        tone="conversational",
        review=ReviewConfig(overlap=2, calibration=0.4, annotators=("ada", "bo")),
    )
)


def flag(subject: str) -> Review:
    """A candidate that a reviewer discards as harmful."""
    answers = (Answer("reasons", ("harmful",)),)
    return replace(review(subject, ""), status=ReviewStatus.DISCARDED, answers=answers)


@pytest.fixture(autouse=True)
def candidates(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten candidates, with constant sentence vectors."""
    monkeypatch.setattr("trainer.embed.embed", lambda texts: np.ones((len(texts), 384)))
    texts = [f"It's about 35 minutes across, you know, friend {n}." for n in range(10)]
    candidates = [replace(conversation(text).candidate, campaign="divided") for text in texts]
    for records in ([ARTICLE], [passage()], candidates):
        store.add(records)


@dataclass(frozen=True)
class Candidates:
    """The candidates' ids, sorted: those of the calibration set, and the others."""

    calibration: list[str]
    others: list[str]


def split_candidates(store: Store) -> Candidates:
    candidates = sorted(store.stream(Candidate, campaign="divided"), key=lambda c: c.id)
    calibration = [c.id for c in candidates if in_calibration(c, CAMPAIGN)]
    return Candidates(calibration, [c.id for c in candidates if c.id not in calibration])


def test_the_calibration_set_is_a_dataset_without_suggestions_and_all_is_assigned(
    store: Store, owner: Connection
) -> None:
    ids = split_candidates(store)
    assert ids.calibration
    assert ids.others
    assert push(store, CAMPAIGN, owner, ignore_progress).new == 10
    assert push(store, CAMPAIGN, owner, ignore_progress).unchanged == 10
    with connect(owner) as server:
        for name, expected in (("calibration", ids.calibration), ("candidates", ids.others)):
            dataset = find_dataset(server, f"divided-{name}").id
            records = server.get(f"datasets/{dataset}/records", include="suggestions")["items"]
            assert sorted(r["external_id"] for r in records) == expected
            assert {tuple(r["metadata"]["reviewers"]) for r in records} == {("ada", "bo")}
            # Only the text to edit is filled in, and the calibration set has no suggestions at all.
            assert {len(r["suggestions"]) for r in records} == {1}
            suggested = ["suggested" in r["metadata"] for r in records]
            assert not any(suggested) if name == "calibration" else all(suggested)


def test_ties_are_adjudicated_and_flags_and_uninformative_answers_are_reported(
    store: Store, owner: Connection, timbre: Timbre, tmp_path: Path
) -> None:
    push(store, CAMPAIGN, owner, ignore_progress)
    ids = split_candidates(store)
    tie, harmful = ids.others[:2]
    people = {
        name: replace(owner, api_key=add_user(owner, name).api_key) for name in ("ada", "bo", "cy")
    }

    def reviews_of_bo(subjects: Sequence[str]) -> list[Review]:
        special = {tie: review(tie, "reject"), harmful: flag(harmful)}
        return [special.get(subject) or review(subject, "approve") for subject in subjects]

    for name, subjects in (("calibration", ids.calibration), ("candidates", ids.others)):
        approvals = [review(subject, "approve") for subject in subjects]
        submit(people["ada"], f"divided-{name}", approvals)
        submit(people["bo"], f"divided-{name}", reviews_of_bo(subjects))
    assert sum(count.new for _, count in pull_campaign(store, CAMPAIGN, owner)) == 20

    progress = campaign_progress(store, CAMPAIGN, owner, outputs=False)
    speeds = [(p.reviewer, p.done, p.left) for p in progress.reviewers]
    assert speeds == [("ada", 10, 0), ("bo", 10, 0)]
    assert [(f.subject, f.reviewer, f.kind) for f in progress.flags] == [(harmful, "bo", "harmful")]
    assert push_ties(store, CAMPAIGN, owner, ignore_progress).new == 1
    submit(people["cy"], "divided-adjudication", [review(tie, "approve")])
    list(pull_campaign(store, CAMPAIGN, owner))
    reviews = list(current_reviews(store, dataset=CAMPAIGN.candidate_datasets))
    decisions = {v.subject: v.decision for v in verdicts(reviews, CAMPAIGN.verdict_rule)}
    assert decisions[tie] is Decision.APPROVE
    assert harmful not in decisions
    independent = independent_reviews(store, CAMPAIGN, outputs=False)
    assert {review.reviewer for review in independent} == {"ada", "bo"}
    check_agreement_report(timbre, tmp_path / "divided.toml", tie, len(ids.calibration))


def check_agreement_report(timbre: Timbre, path: Path, tie: str, calibration: int) -> None:
    """`timbre review agreement` names uninformative answers and the records to discuss."""
    path.write_text('name = "divided"\ntone = "conversational"\n', encoding="utf-8")
    report = json.loads(timbre("review", "agreement", str(path), "--json").out)
    # Only the calibration set counts, because its reviewers saw no suggestion.
    sentence = f"ada always answers “approve” to “decision” ({calibration} records)"
    assert sentence in report["uninformative"]
    assert [record["subject"] for record in report["to_discuss"]] == [tie]
    assert "Uninformative: ada always answers" in timbre("review", "agreement", str(path)).out

"""A campaign whose people disagree: calibration, assignment, ties and flags."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from annotation.accounts import add_user
from annotation.connection import Connection, connect
from annotation.datasets import find_dataset
from annotation.submit import submit
from annotation.verdicts import verdicts
from db.records import Answer, Candidate, Decision, Review, ReviewerKind, ReviewStatus
from db.store import Store
from tests.annotation.records import ARTICLE, conversation, passage
from timbre import review_items
from timbre.campaign import Campaign, Reviewing
from timbre.commands.review import app
from timbre.freezing import verdict_rule
from timbre.review_progress import campaign_progress, independent_reviews
from timbre.reviewing import in_calibration, pull_campaign, push, push_ties

CAMPAIGN = Campaign(
    name="divided",
    tone="conversational",
    review=Reviewing(overlap=2, calibration=0.4, annotators=("ada", "bo")),
)


def quiet(*_: object) -> None:
    """Nobody watches the progress."""


def says(subject: str, decision: str, status: ReviewStatus = ReviewStatus.SUBMITTED) -> Review:
    values = {"decision": decision, "faithful": "yes", "natural": "yes", "tone": 4}
    answers = tuple(Answer(name, value) for name, value in values.items())  # type: ignore[arg-type]
    if status is ReviewStatus.DISCARDED:
        answers = (Answer("reasons", ("harmful",)),)
    return Review(subject=subject, reviewer="", reviewer_kind=ReviewerKind.PERSON,
                  status=status, answers=answers)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Ten candidates; sentence vectors are not what this is about."""
    monkeypatch.setattr(review_items, "embed", lambda texts: np.ones((len(texts), 384)))
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path))
    Store.migrate(f"sqlite:///{tmp_path / 'timbre.db'}")
    texts = [f"It's about 35 minutes across, you know, friend {n}." for n in range(10)]
    with Store.open(f"sqlite:///{tmp_path / 'timbre.db'}") as opened:
        made = [replace(conversation(text).candidate, campaign="divided") for text in texts]
        for records in ([ARTICLE], [passage()], made):
            opened.add(records)
        yield opened


def parted(store: Store) -> tuple[list[str], list[str]]:
    """The candidates of the calibration set, and the others."""
    candidates = sorted(store.stream(Candidate, campaign="divided"), key=lambda c: c.id)
    apart = [c.id for c in candidates if in_calibration(c, CAMPAIGN)]
    return apart, [c.id for c in candidates if c.id not in apart]


def test_a_calibration_set_lies_apart_without_suggestions_and_all_is_assigned(
    store: Store, owner: Connection
) -> None:
    apart, others = parted(store)
    assert apart
    assert others
    assert push(store, CAMPAIGN, owner, quiet).new == 10
    assert push(store, CAMPAIGN, owner, quiet).unchanged == 10
    with connect(owner) as server:
        for name, expected in (("calibration", apart), ("candidates", others)):
            dataset = find_dataset(server, f"divided-{name}").id
            records = server.get(f"datasets/{dataset}/records", include="suggestions")["items"]
            assert sorted(r["external_id"] for r in records) == expected
            assert {tuple(r["metadata"]["reviewers"]) for r in records} == {("ada", "bo")}
            # Only the text to improve is filled in where reviewers are compared.
            bare = [len(r["suggestions"]) == 1 for r in records]
            assert all(bare) if name == "calibration" else not any(bare)


def test_people_are_divided_and_brought_together(
    store: Store, owner: Connection, tmp_path: Path
) -> None:
    push(store, CAMPAIGN, owner, quiet)
    apart, others = parted(store)
    tied, flagged = others[:2]
    people = {
        name: replace(owner, api_key=add_user(owner, name).api_key) for name in ("ada", "bo", "cy")
    }
    aside = {flagged: ReviewStatus.DISCARDED}
    for dataset, subjects in (("divided-calibration", apart), ("divided-candidates", others)):
        submit(people["ada"], dataset, [says(subject, "approve") for subject in subjects])
        bos = [
            says(s, "reject" if s == tied else "approve", aside.get(s, ReviewStatus.SUBMITTED))
            for s in subjects
        ]
        submit(people["bo"], dataset, bos)
    assert sum(pulled.new for _, pulled in pull_campaign(store, CAMPAIGN, owner)) == 20

    found = campaign_progress(store, CAMPAIGN, owner, outputs=False)
    assert [(p.reviewer, p.done, p.left) for p in found.reviewers] == [
        ("ada", 10, 0),
        ("bo", 10, 0),
    ]
    assert [(f.subject, f.reviewer, f.kind) for f in found.flags] == [(flagged, "bo", "harmful")]
    assert push_ties(store, CAMPAIGN, owner, quiet).new == 1
    submit(people["cy"], "divided-adjudication", [says(tied, "approve")])
    list(pull_campaign(store, CAMPAIGN, owner))
    reviews = list(store.current_reviews(dataset=CAMPAIGN.judged_datasets))
    decided = {v.subject: v.decision for v in verdicts(reviews, verdict_rule(CAMPAIGN))}
    assert decided[tied] is Decision.APPROVE
    assert flagged not in decided
    independent = independent_reviews(store, CAMPAIGN, outputs=False)
    assert {review.reviewer for review in independent} == {"ada", "bo"}
    says_so(tmp_path, tied, len(apart))


def says_so(folder: Path, tied: str, apart: int) -> None:
    """The command line tells whose answers carry no information, and what to talk over."""
    file = folder / "divided.toml"
    file.write_text('name = "divided"\ntone = "conversational"\n', encoding="utf-8")
    printed = CliRunner().invoke(app, ["agreement", str(file), "--json"])
    figures = json.loads(printed.output)
    # Of the calibration set alone, where nobody saw a suggestion.
    said = f"ada always answers “approve” to “decision” ({apart} records)"
    assert said in figures["uninformative"]
    assert [one["subject"] for one in figures["to_talk_over"]] == [tied]
    shown = CliRunner().invoke(app, ["agreement", str(file)])
    assert "No information: ada always answers" in shown.output

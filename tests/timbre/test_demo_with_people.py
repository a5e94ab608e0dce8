"""The demo with people: it prints the logins, waits for reviews, and then continues."""

from dataclasses import replace

import pytest

from annotation import progress
from annotation.argilla.accounts import UserRole
from annotation.argilla.connection import Connection
from annotation.progress import ProgressCallback, wait_for_reviews
from annotation.rule_reviewers import RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from db.records import Candidate
from db.reviews import current_reviews
from db.store import Store
from timbre import demo
from timbre.argilla import add_reviewers
from timbre.campaign import Campaign, load_campaign
from timbre.demo import PEOPLE, Review, generate_candidates, ingest_articles
from timbre.settings import Settings
from timbre.workflows.freeze import freeze_campaign
from timbre.workflows.review.items import sourced_items


@pytest.fixture
def campaign() -> Campaign:
    """The demo's campaign on a few passages, with gates for as few."""
    whole = load_campaign("demo-tone")
    return replace(
        whole,
        name="people",
        generate=replace(whole.generate, limit=24),
        gates=replace(whole.gates, approved=1),
        freeze=replace(whole.freeze, minimum_articles=1),
    )


def test_the_demo_waits_for_people_and_continues_when_they_have_reviewed_everything(
    store: Store,
    campaign: Campaign,
    settings: Settings,
    owner: Connection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ingest_articles(store, "sample")
    generate_candidates(store, campaign, settings)
    items = list(sourced_items(store, list(store.stream(Candidate, campaign=campaign.name))))
    idle = list(zip(RULE_REVIEWERS, PEOPLE, strict=True))
    counts: list[int] = []

    def wait(connection: Connection, dataset: str, _: ProgressCallback) -> None:
        def work(completed: int, total: int) -> None:
            """Let the next person review everything, each time the demo checks the progress."""
            counts.append(completed)
            assert total == len(items)
            if idle:
                rule, name = idle.pop(0)
                (person,) = add_reviewers(settings, connection, [name], UserRole.ANNOTATOR)
                as_person = replace(connection, api_key=person.api_key)
                submit(as_person, dataset, [review_by_rule(item, rule) for item in items])

        wait_for_reviews(connection, dataset, work)

    monkeypatch.setattr(progress, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(demo, "wait_for_reviews", wait)
    Review(store, settings, owner, by_people=True).candidates(campaign)
    version = freeze_campaign(store, campaign, "people", override="too few to differ on")

    output = capsys.readouterr().out
    assert counts == [0, 0, len(items)]
    assert f"open {owner.url} and review the dataset “people-candidates”" in output
    assert all(f"{name}  password " in output for name in PEOPLE)
    assert {review.reviewer for review in current_reviews(store)} == set(PEOPLE)
    assert version.reviewers == "people"

"""The demo with people: it prints where to log in, waits, and goes on once they are done."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from annotation import progress
from annotation.accounts import UserRole
from annotation.connection import Connection
from annotation.progress import wait_for_reviews
from annotation.rule_reviewers import RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from db.describe import reviewers_in_words
from db.records import Candidate
from db.store import Store
from timbre import demo
from timbre.accounts import add_reviewers
from timbre.campaign import Campaign, load_campaign
from timbre.console import Advance
from timbre.demo import PEOPLE, Judges, ReviewBy, make_candidates, take_in_articles
from timbre.freezing import freeze_campaign
from timbre.review_items import sourced_items
from timbre.settings import CONFIGS, Settings
from timbre.stores import open_store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, f"sqlite:///{tmp_path / 'timbre.db'}", "", "", tmp_path / "none")


@pytest.fixture
def campaign() -> Campaign:
    """The demo's campaign on a few passages, with gates for as few."""
    whole = load_campaign(CONFIGS / "campaigns" / "demo-tone.toml")
    gates = replace(whole.gates, approved=1)
    return replace(
        whole,
        name="people",
        generate=replace(whole.generate, limit=24),
        gates=gates,
        freeze=replace(whole.freeze, minimum_articles=1),
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


def test_the_loop_waits_for_people_and_goes_on_when_they_are_done(
    store: Store,
    campaign: Campaign,
    settings: Settings,
    owner: Connection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    take_in_articles(store, "sample")
    make_candidates(store, campaign, settings)
    items = list(sourced_items(store, list(store.stream(Candidate, campaign=campaign.name))))
    idle = list(zip(RULE_REVIEWERS, PEOPLE, strict=True))
    seen: list[int] = []

    def wait(connection: Connection, dataset: str, _: Advance) -> None:
        def work(done: int, total: int) -> None:
            """Each time somebody looks how far it is, the next one works through everything."""
            seen.append(done)
            assert total == len(items)
            if idle:
                rule, name = idle.pop(0)
                (person,) = add_reviewers(settings, connection, [name], UserRole.ANNOTATOR)
                theirs = replace(connection, api_key=person.api_key)
                submit(theirs, dataset, [review_by_rule(item, rule) for item in items])

        wait_for_reviews(connection, dataset, work)

    monkeypatch.setattr(progress, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(demo, "wait_for_reviews", wait)
    Judges(store, settings, owner, ReviewBy.HUMAN).judge_candidates(campaign)
    version = freeze_campaign(store, campaign, "people", override="too few to differ on")

    told = capsys.readouterr().out
    assert seen == [0, 0, len(items)]
    assert f"open {owner.url} and label the dataset “people-candidates”" in told
    assert all(f"{name}  password " in told for name in PEOPLE)
    assert {review.reviewer for review in store.current_reviews()} == set(PEOPLE)
    assert reviewers_in_words(version) == "people"

"""The checklist of a campaign follows from the store, without Argilla."""

import json
from dataclasses import replace

from db.events import event
from db.records import (
    Answer,
    Candidate,
    EventKind,
    Review,
    ReviewerKind,
    ReviewStatus,
)
from db.reviews import reconcile_reviews
from db.store import Store
from db.versions.freeze import freeze
from tests.annotation.records import ARTICLE, conversation, passage
from tests.db.approvals import PLAN, add_approvals
from tests.timbre.conftest import Timbre
from timbre.campaign import Campaign, resolve_campaign
from timbre.campaign_config import CampaignConfig, ReviewConfig
from timbre.settings import Settings
from timbre.workflows.setup.status import Step, campaign_steps, next_command

CAMPAIGN = resolve_campaign(
    CampaignConfig("tone", tone="conversational", review=ReviewConfig(annotators=("ada", "bo")))
)


def add_candidates(store: Store, count: int) -> list[Candidate]:
    texts = [f"It's about 35 minutes across, you know, friend {n}." for n in range(count)]
    candidates = [replace(conversation(text).candidate, campaign="tone") for text in texts]
    for records in ([ARTICLE], [passage()], candidates):
        store.add(records)
    return candidates


def review(subject: str, reviewer: str) -> Review:
    return Review(
        subject=subject,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=(Answer("decision", "approve"),),
        dataset="tone-candidates",
    )


def steps(store: Store, settings: Settings, campaign: Campaign = CAMPAIGN) -> dict[str, Step]:
    return {step.name: step for step in campaign_steps(store, campaign, settings, "shop")}


def test_an_empty_store_needs_material(store: Store, settings: Settings) -> None:
    found = steps(store, settings)
    assert not any(step.is_done for step in found.values())
    assert next_command(tuple(found.values())) == "timbre articles add SOURCE"


def test_candidates_are_pushed_reviewed_and_frozen_in_turn(
    store: Store, settings: Settings
) -> None:
    candidates = add_candidates(store, 2)
    found = steps(store, settings)
    assert found["material"].is_done
    assert found["candidates"].detail == "2 candidates"
    assert next_command(tuple(found.values())) == "timbre review push shop"

    store.add([event("tone-candidates", EventKind.PUSHED, records=2)])
    found = steps(store, settings)
    assert found["push"].is_done
    assert found["review"].detail == (
        "0 of 2 candidates have 2 reviews; waiting for ada (0 done), bo (0 done)"
    )
    assert next_command(tuple(found.values())) == "timbre review pull shop"

    everything = [review(c.id, name) for c in candidates for name in ("ada", "bo")]
    reconcile_reviews(store, "tone-candidates", everything[:3], "2026-01-01T00:00:00Z")
    assert steps(store, settings)["review"].detail == (
        "1 of 2 candidates have 2 reviews; waiting for ada (2 done), bo (1 done)"
    )
    reconcile_reviews(store, "tone-candidates", everything, "2026-01-02T00:00:00Z")
    found = steps(store, settings)
    assert found["review"].is_done
    assert found["freeze"].detail.startswith("2 approved, 0 rejected, 0 tied; at least 10")
    assert next_command(tuple(found.values())) == "timbre version freeze shop"


def test_a_version_comes_before_its_run_and_names_an_override(
    store: Store, settings: Settings
) -> None:
    version = freeze(store, PLAN, add_approvals(store, range(10)))
    found = steps(store, settings)
    assert found["freeze"].is_done
    assert next_command(tuple(found.values())) == (
        f"timbre run perform {version.id[:12]} --campaign shop"
    )


def test_candidates_that_came_later_are_pushed_once_everything_else_is_done() -> None:
    done = [Step(name, True, "", name) for name in ("material", "push", "report")]
    done[1] = replace(done[1], is_done=False)
    assert next_command(tuple(done)) == "push"


def test_the_command_prints_the_checklist(timbre: Timbre, store: Store) -> None:
    add_candidates(store, 1)
    result = timbre("status", "demo-tone")
    assert "[ ] candidates    0 candidates" in result.out
    content = json.loads(timbre("status", "demo-tone", "--json").out)
    assert content["next"] == "timbre check demo-tone"
    assert content["steps"][0]["name"] == "material"

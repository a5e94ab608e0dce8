"""A measure that suggests answers gets a card, and gates versions only if it agrees with people."""

from dataclasses import replace

import numpy as np
import pytest

from db.records import (
    Answer,
    Candidate,
    Decision,
    Gate,
    Review,
    ReviewerKind,
    ReviewStatus,
    Verdict,
)
from db.reviews import reconcile_reviews
from db.store import Store
from db.versions.freeze import Approval
from evaluation.gates import DecisionAgreement
from evaluation.judge_cards import JudgeCard
from evaluation.measures.suggestions import suggest_answers
from tests.annotation.records import ARTICLE, conversation, passage
from timbre.campaign import Campaign, resolve_campaign
from timbre.campaign_config import CampaignConfig
from timbre.workflows.freeze import suggestion_cards, version_gates

CAMPAIGN = resolve_campaign(CampaignConfig("demo", tone="conversational"))
RECORDS = 200


@pytest.fixture(scope="module")
def candidates() -> list[Candidate]:
    """Half of them state the number of their plain answer; the others leave it out."""
    texts = [
        f"It's about {35 if n % 2 else 'forty'} minutes across, you know, friend {n}."
        for n in range(RECORDS)
    ]
    return [conversation(text).candidate for text in texts]


@pytest.fixture(autouse=True)
def stored_candidates(store: Store, candidates: list[Candidate]) -> None:
    for records in ([ARTICLE], [passage()], candidates):
        store.add(records)


def is_called_faithful(candidate: Candidate) -> bool:
    """What the measure suggests about faithfulness."""
    answers = suggest_answers(candidate, CAMPAIGN.rating_rule)
    return {answer.question: answer.value for answer in answers}["faithful"] == "yes"


def review(candidates: list[Candidate], missed: float, false_alarm: float) -> list[Review]:
    """One reviewer's answers, generated so that the measure errs at these rates."""
    random = np.random.default_rng(4)
    reviews = []
    for candidate in candidates:
        suggestion = is_called_faithful(candidate)
        is_error = random.random() <= (false_alarm if suggestion else missed)
        answer = "yes" if suggestion is not is_error else "no"
        reviews.append(
            Review(
                subject=candidate.id,
                reviewer="ada",
                reviewer_kind=ReviewerKind.PERSON,
                status=ReviewStatus.SUBMITTED,
                answers=(Answer("faithful", answer),),
            )
        )
    return reviews


def add_reviews(store: Store, reviews: list[Review], dataset: str, at: str = "t1") -> None:
    reconcile_reviews(store, dataset, [replace(r, dataset=dataset) for r in reviews], at)


def card_of(store: Store, campaign: Campaign = CAMPAIGN) -> JudgeCard:
    (card,) = [card for card in suggestion_cards(store, campaign) if card.name == "Facts kept"]
    return card


def gates(
    store: Store, campaign: Campaign, candidates: list[Candidate], edit: str | None = None
) -> list[Gate]:
    """The gates of suggesting measures for a version of these candidates."""
    approvals = [
        Approval(candidate, verdict(candidate, edit), ARTICLE.id) for candidate in candidates
    ]
    every = version_gates(store, campaign, approvals, DecisionAgreement())
    return [gate for gate in every if gate.name.startswith("by measure: ")]


def verdict(candidate: Candidate, edit: str | None) -> Verdict:
    return Verdict(subject=candidate.id, decision=Decision.APPROVE, rule="", reviews=(), text=edit)


def test_planted_error_rates_are_recovered_within_their_intervals(
    store: Store, candidates: list[Candidate]
) -> None:
    add_reviews(store, review(candidates, 0.1, 0.2), CAMPAIGN.candidates_dataset)
    card = card_of(store)
    # Half are called faithful. Of those, 0.8 are; of the others, 0.1. Bayes gives these rates.
    true_positives, false_positives = 0.8 / 0.9, 0.2 / 1.1
    observed, chance = 0.85, 0.5
    assert card.n == RECORDS
    assert card.recall is not None
    assert card.false_alarms is not None
    assert card.recall.low <= true_positives <= card.recall.high
    assert card.false_alarms.low <= false_positives <= card.false_alarms.high
    assert card.kappa.low <= (observed - chance) / (1 - chance) <= card.kappa.high
    assert card.base_rate == pytest.approx(0.45, abs=0.08)
    assert card.constant_guess == pytest.approx(1 - card.base_rate)
    assert card.labels_by == "people, who saw its suggestions"


def test_answers_in_the_calibration_set_take_precedence(
    store: Store, candidates: list[Candidate]
) -> None:
    add_reviews(store, review(candidates[:100], 0.1, 0.1), CAMPAIGN.candidates_dataset)
    add_reviews(store, review(candidates[100:], 0.1, 0.1), CAMPAIGN.calibration_dataset, "t2")
    assert (card_of(store).n, card_of(store).labels_by) == (100, "people")


def test_a_card_s_fingerprint_depends_on_the_rubric(
    store: Store, candidates: list[Candidate]
) -> None:
    add_reviews(store, review(candidates, 0.1, 0.1), CAMPAIGN.candidates_dataset)
    other = resolve_campaign(CampaignConfig("demo", tone="plain-language"))
    assert card_of(store).fingerprint == card_of(store).fingerprint
    assert len(card_of(store).fingerprint) == 64
    assert card_of(store).fingerprint != card_of(store, other).fingerprint


@pytest.mark.parametrize(
    ("error_rate", "is_passed", "outcome"),
    [(0.05, True, "100% of 100 approved texts"), (0.5, False, "diagnostic only: kappa")],
)
def test_a_measure_gates_only_if_it_agrees_with_people(
    store: Store, candidates: list[Candidate], error_rate: float, is_passed: bool, outcome: str
) -> None:
    reviews = review(candidates, error_rate, error_rate)
    add_reviews(store, reviews, CAMPAIGN.candidates_dataset)
    faithful = [candidate for candidate in candidates if is_called_faithful(candidate)]
    gate = next(g for g in gates(store, with_gate(0.9), faithful) if "Facts kept" in g.name)
    assert gate.passed is is_passed
    assert outcome in gate.found
    assert gates(store, CAMPAIGN, faithful) == []


def test_too_few_answers_make_no_card_and_fail_the_gate(
    store: Store, candidates: list[Candidate]
) -> None:
    add_reviews(store, review(candidates[:19], 0.0, 0.0), CAMPAIGN.candidates_dataset)
    assert list(suggestion_cards(store, CAMPAIGN)) == []
    failures = gates(store, with_gate(0.5), candidates[:5])
    assert failures
    assert not any(gate.passed for gate in failures)
    assert "fewer than 20 reviewed records" in failures[0].found


def test_a_gate_inspects_the_text_as_the_reviewer_edited_it(
    store: Store, candidates: list[Candidate]
) -> None:
    add_reviews(store, review(candidates, 0.05, 0.05), CAMPAIGN.candidates_dataset)
    wrong = next(candidate for candidate in candidates if not is_called_faithful(candidate))
    for edit, is_passed in ((None, False), (wrong.review_text.replace("forty", "35"), True)):
        every = gates(store, with_gate(0.9), [wrong], edit)
        assert next(g for g in every if "Facts kept" in g.name).passed is is_passed


def with_gate(share: float) -> Campaign:
    return replace(CAMPAIGN, gates=replace(CAMPAIGN.gates, measured=share))

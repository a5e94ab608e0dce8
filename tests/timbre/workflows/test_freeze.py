"""Each gate of a version passes good texts, and names the fault of bad ones."""

import json
from dataclasses import replace

import pytest

from db.records import (
    Answer,
    Candidate,
    CandidateKind,
    Decision,
    Gate,
    Interval,
    Message,
    Provenance,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    Verdict,
)
from db.reviews import reconcile_reviews
from db.store import Store
from db.versions.freeze import Approval
from evaluation.gates import AGREEMENT, DecisionAgreement, GateBounds
from timbre.campaign import resolve_campaign
from timbre.campaign_config import CampaignConfig
from timbre.workflows.freeze import freeze_campaign, reviewer_agreement, version_gates

BOUNDS = GateBounds(approved=2, agreement=0.2, shortest=3, longest=30)
CAMPAIGN = resolve_campaign(CampaignConfig("c", tone="conversational", gates=BOUNDS))
AGREEMENT_VALUE = DecisionAgreement(Interval(0.3, 0.5, 0.7))
TEXTS = (
    "A lighthouse is a tower with a lamp at its top, and ships steer by it at night.",
    "Honey keeps for years because so little water is left in it for anything to grow.",
)


def approve(*texts: str, traits: tuple[tuple[str, ...], ...] = ()) -> list[Approval]:
    approvals = []
    for position, text in enumerate(texts):
        candidate = Candidate(
            campaign="c",
            kind=CandidateKind.CONVERSATION,
            provenance=Provenance(("question.v1",), "phrasebook", "{}", position),
            messages=(Message(Role.USER, "What?"), Message(Role.ASSISTANT, text)),
            traits=traits[position] if traits else (),
        )
        verdict = Verdict(
            subject=candidate.id, decision=Decision.APPROVE, rule="majority", reviews=()
        )
        approvals.append(Approval(candidate, verdict, None))
    return approvals


def failures(
    store: Store, approvals: list[Approval], agreement: DecisionAgreement = AGREEMENT_VALUE
) -> list[Gate]:
    gates = version_gates(store, CAMPAIGN, approvals, agreement)
    return [gate for gate in gates if not gate.passed]


def test_good_texts_pass_every_gate(store: Store) -> None:
    assert failures(store, approve(*TEXTS)) == []


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (TEXTS[:1], "minimum approved"),
        ((TEXTS[0], TEXTS[0]), "no exact or near duplicates"),
        (
            (TEXTS[0], "Write to jo.bloggs@mail-provider.com if you want to know more of it."),
            "no personal data pattern",
        ),
        ((TEXTS[0], "Too short."), "length"),
        ((TEXTS[0], "word " * 40), "length"),
    ],
)
def test_a_fault_fails_its_own_gate(store: Store, texts: tuple[str, ...], name: str) -> None:
    assert [gate.name for gate in failures(store, approve(*texts))] == [name]


def test_the_personal_data_gate_does_not_repeat_the_data(store: Store) -> None:
    text = "Write to jo.bloggs@mail-provider.com if you want to know more of it."
    (gate,) = failures(store, approve(TEXTS[0], text))
    assert "(e-mail address)" in gate.found
    assert "bloggs" not in gate.found


@pytest.mark.parametrize(
    "agreement", [DecisionAgreement(), DecisionAgreement(Interval(0.1, 0.5, 0.9))]
)
def test_the_lower_bound_of_the_agreement_decides(
    store: Store, agreement: DecisionAgreement
) -> None:
    gates = failures(store, approve(*TEXTS), agreement)
    assert [gate.name for gate in gates] == [AGREEMENT]


def decisions(*rows: str) -> list[Review]:
    """Each reviewer's decisions on the same records: a for approve, r for reject."""
    words = {"a": "approve", "r": "reject"}
    return [
        Review(
            subject=f"record {n}",
            reviewer=f"reviewer {name}",
            reviewer_kind=ReviewerKind.PERSON,
            status=ReviewStatus.SUBMITTED,
            answers=(Answer("decision", words[letter]),),
        )
        for name, row in enumerate(rows)
        for n, letter in enumerate(row)
    ]


@pytest.mark.parametrize(
    ("rows", "is_passed", "found"),
    [
        (
            ("aaaaa", "aaaaa"),
            True,
            "alpha undefined: every answer is “approve”, so agreement can't be measured; "
            "the reviewers agree on 5 of 5 records, 100% (57% to 100%)",
        ),
        (("aaaar", "aaaar"), True, "the reviewers agree on 5 of 5 records"),
        (("aaaaa", "aaaar"), False, "vary so little"),
        (("a" * 60, "a" * 59 + "r"), True, "the reviewers agree on 59 of 60 records, 98% (91%"),
        (("aaaaa",), False, "alpha undefined: no records have answers from two reviewers"),
        (("arar" * 5, "arar" * 5), True, "alpha 1.00"),
    ],
)
def test_unanimous_reviewers_pass_without_an_alpha(
    store: Store, rows: tuple[str, ...], is_passed: bool, found: str
) -> None:
    agreement = reviewer_agreement(decisions(*rows), "decision")
    gates = version_gates(store, CAMPAIGN, approve(*TEXTS), agreement)
    (gate,) = [gate for gate in gates if gate.name == AGREEMENT]
    assert gate.passed is is_passed
    assert found in gate.found


def test_a_frozen_version_records_that_its_reviewers_were_unanimous(store: Store) -> None:
    candidates = [candidate for candidate, _, _ in approve(*TEXTS)]
    store.add(candidates)
    reviews = [
        replace(review, subject=candidates[n % 2].id, dataset=CAMPAIGN.candidates_dataset)
        for n, review in enumerate(decisions("aa", "aa"))
    ]
    reconcile_reviews(store, CAMPAIGN.candidates_dataset, reviews, "t1")
    version = freeze_campaign(store, CAMPAIGN, "first", override="no articles")
    assert AGREEMENT not in version.override_notice
    assert version.override_notice.endswith(": no articles")
    (event,) = store.events(version.id)
    detail = json.loads(event.detail)
    assert detail["agreement"] is None
    assert detail["unanimity"]["estimate"] == 1


def test_a_rare_trait_fails_the_balance_of_traits(store: Store) -> None:
    traits = (*[("calm",)] * 9, ("anxious",))
    texts = [f"{TEXTS[0]} {number} {TEXTS[1][number:]}" for number in range(10)]
    campaign = replace(CAMPAIGN, gates=GateBounds(near_duplicate=1.0))
    gates = version_gates(store, campaign, approve(*texts, traits=traits), AGREEMENT_VALUE)
    assert [gate.passed for gate in gates if gate.name == "balance of traits"] == [False]


def test_an_edit_replaces_the_candidate_s_text() -> None:
    candidate, verdict, _ = approve(TEXTS[0])[0]
    assert candidate.approved_text(verdict) == TEXTS[0]
    assert candidate.approved_text(replace(verdict, text="Better.")) == "Better."

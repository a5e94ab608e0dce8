"""A measure that suggests answers has a card, and gates only where it agrees with reviewers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotation.items import judged_text
from db.records import Answer, Candidate, Decision, Review, ReviewerKind, ReviewStatus, Verdict
from db.store import Store
from evaluation.judges import JudgeCard
from evaluation.tone import tone_measures
from tests.annotation.made import ARTICLE, conversation, passage
from timbre.campaign import Campaign, Gates
from timbre.freezing import as_approved
from timbre.suggested import judge_gates, suggestion_cards
from timbre.suggestions import suggestions_of

CAMPAIGN = Campaign(name="demo", tone="conversational")
RECORDS = 200


@pytest.fixture(scope="module")
def candidates() -> list[Candidate]:
    """Half say what their plain answer says; the others leave its number out."""
    texts = [
        f"It's about {35 if n % 2 else 'forty'} minutes across, you know, friend {n}."
        for n in range(RECORDS)
    ]
    return [conversation(text).candidate for text in texts]


@pytest.fixture
def store(tmp_path: Path, candidates: list[Candidate]) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    Store.migrate(url)
    with Store.open(url) as opened:
        for records in ([ARTICLE], [passage()], candidates):
            opened.add(records)
        yield opened


def suggested(candidate: Candidate) -> bool:
    """What the measure says of faithfulness."""
    measures = tone_measures(judged_text(candidate))
    found = {one.question: one.value for one in suggestions_of(candidate, measures)}
    return found["faithful"] == "yes"


def reviewed(
    candidates: list[Candidate], missed: float, false_alarm: float, dataset: str
) -> list[Review]:
    """One reviewer's answers, planted so that the measure errs at these rates."""
    random = np.random.default_rng(4)
    made = []
    for candidate in candidates:
        says = suggested(candidate)
        # Of the texts that the measure calls faithful these are so; balanced, so rates turn round.
        faithful = says if random.random() > (false_alarm if says else missed) else not says
        made.append(
            Review(
                subject=candidate.id, reviewer="ada", reviewer_kind=ReviewerKind.PERSON,
                status=ReviewStatus.SUBMITTED, dataset=dataset,
                answers=(Answer("faithful", "yes" if faithful else "no"),),
            )
        )  # fmt: skip
    return made


def card_of(store: Store, campaign: Campaign = CAMPAIGN) -> JudgeCard:
    (found,) = [card for card in suggestion_cards(store, campaign) if card.name == "Facts kept"]
    return found


def test_planted_error_rates_are_recovered_within_their_intervals(
    store: Store, candidates: list[Candidate]
) -> None:
    reviews = reviewed(candidates, 0.1, 0.2, CAMPAIGN.candidates_dataset)
    store.reconcile_reviews(CAMPAIGN.candidates_dataset, reviews, "t1")
    card = card_of(store)
    # Half are called faithful. Of those 0.8 are; of the others 0.1: by Bayes the rates are these.
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


def test_the_calibration_sets_answers_count_before_others(
    store: Store, candidates: list[Candidate]
) -> None:
    for at, (dataset, some) in enumerate(
        [(CAMPAIGN.candidates_dataset, candidates[:100]),
         (CAMPAIGN.calibration_dataset, candidates[100:])]
    ):  # fmt: skip
        store.reconcile_reviews(dataset, reviewed(some, 0.1, 0.1, dataset), f"t{at}")
    assert (card_of(store).n, card_of(store).labels_by) == (100, "people")


def test_a_card_is_bound_to_its_judge_and_rubric(store: Store, candidates: list[Candidate]) -> None:
    reviews = reviewed(candidates, 0.1, 0.1, CAMPAIGN.candidates_dataset)
    store.reconcile_reviews(CAMPAIGN.candidates_dataset, reviews, "t1")
    other = replace(CAMPAIGN, tone="plain-language")
    assert card_of(store).fingerprint == card_of(store).fingerprint
    assert len(card_of(store).fingerprint) == 64
    assert card_of(store).fingerprint != card_of(store, other).fingerprint


@pytest.mark.parametrize(
    ("missed", "false_alarm", "passed", "found"),
    [
        (0.05, 0.05, True, "100% of 100 approved texts"),
        (0.5, 0.5, False, "diagnostic only: kappa"),
    ],
)
def test_a_judge_gates_only_where_it_agrees_with_people(
    store: Store,
    candidates: list[Candidate],
    missed: float,
    false_alarm: float,
    passed: bool,
    found: str,
) -> None:
    reviews = reviewed(candidates, missed, false_alarm, CAMPAIGN.candidates_dataset)
    store.reconcile_reviews(CAMPAIGN.candidates_dataset, reviews, "t1")
    gated = replace(CAMPAIGN, gates=Gates(measured=0.9))
    approved = [candidate for candidate in candidates if suggested(candidate)]
    gate = next(g for g in judge_gates(store, gated, approved) if "Facts kept" in g.name)
    assert gate.passed is passed
    assert found in gate.found
    assert judge_gates(store, CAMPAIGN, approved) == ()


def test_too_few_answers_make_no_card_and_a_gate_that_refuses(
    store: Store, candidates: list[Candidate]
) -> None:
    reviews = reviewed(candidates[:19], 0.0, 0.0, CAMPAIGN.candidates_dataset)
    store.reconcile_reviews(CAMPAIGN.candidates_dataset, reviews, "t1")
    assert list(suggestion_cards(store, CAMPAIGN)) == []
    gated = replace(CAMPAIGN, gates=Gates(measured=0.5))
    gates = judge_gates(store, gated, candidates[:5])
    assert gates
    assert not any(gate.passed for gate in gates)
    assert "fewer than 20 records" in gates[0].found


def test_a_gate_looks_at_the_text_that_a_reviewer_mended(candidates: list[Candidate]) -> None:
    wrong = next(candidate for candidate in candidates if not suggested(candidate))
    mended = judged_text(wrong).replace("forty", "35")
    verdict = Verdict(subject=wrong.id, decision=Decision.APPROVE, rule="", reviews=(), text=mended)
    assert suggested(as_approved(wrong, verdict))
    assert as_approved(wrong, replace(verdict, text=None)) is wrong

"""Judge cards of a tone's rule, of a persona's trait lists, and of measures that predict votes."""

from dataclasses import replace

from db.records import (
    Answer,
    AnswerValue,
    Candidate,
    CandidateKind,
    Comparison,
    Message,
    Output,
    Provenance,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
)
from db.store import Store
from evaluation.arms import MeasuredArm, MeasuredOutput
from evaluation.criteria import Bound, ToneTarget, persona_criterion, tone_criterion
from evaluation.scorer_cards import majority
from timbre.campaign import resolve_campaign
from timbre.campaign_config import CampaignConfig
from timbre.workflows.judge import candidate_cards, vote_cards

TONE = replace(
    resolve_campaign(CampaignConfig("c", tone="conversational")),
    criterion=tone_criterion("spoken", ToneTarget([Bound("contractions", at_least=1)])),
)
PERSONA = replace(
    resolve_campaign(CampaignConfig("c", persona="marlo")),
    criterion=persona_criterion({"patient": ("no hurry",), "dry": ("not my worst",)}),
)
PROVENANCE = Provenance((), "test", "{}", 0)


def candidate(text: str) -> Candidate:
    return Candidate(
        campaign="c",
        kind=CandidateKind.CONVERSATION,
        provenance=PROVENANCE,
        messages=(Message(Role.USER, "?"), Message(Role.ASSISTANT, text)),
    )


def review(subject: str, question: str, value: AnswerValue) -> Review:
    return Review(
        subject=subject,
        reviewer="Ada",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=(Answer(question, value),),
    )


def test_more_than_half_make_a_label_and_a_tie_makes_none() -> None:
    values = [("a", 1.0), ("a", 1.0), ("a", 0.0), ("b", 1.0), ("b", 0.0), ("c", 0.0)]
    assert majority(values) == {"a": True, "c": False}


def test_a_rule_gets_a_card_from_20_rated_texts_and_none_from_fewer(store: Store) -> None:
    candidates = [candidate(f"It's {n}." if n % 2 else f"It is {n}.") for n in range(24)]
    store.add(candidates)
    reviews = [review(c.id, "tone", 5 if n % 2 else 1) for n, c in enumerate(candidates)]
    (card,) = candidate_cards(store, TONE, reviews)
    assert card.kappa.estimate == 1
    assert "labels of 24 texts by people" in card.sentence
    assert list(candidate_cards(store, TONE, reviews[:10])) == []


def test_each_trait_list_gets_a_card(store: Store) -> None:
    candidates = [candidate(f"No hurry, {n}." if n % 2 else f"Go, {n}.") for n in range(20)]
    store.add(candidates)
    reviews = [
        review(c.id, "traits", ("patient",) if n % 2 else ("none",))
        for n, c in enumerate(candidates)
    ]
    patient, dry = candidate_cards(store, PERSONA, reviews)
    assert patient.kappa.estimate == 1
    assert dry.saturated


def test_a_measure_is_compared_with_the_votes(store: Store) -> None:
    outputs = [
        Output(prompt=f"p{n}", arm=arm, run=None, messages=(), text=arm, generation="{}", seed=0)
        for n in range(20)
        for arm in ("base", "tuned")
    ]
    comparisons = [
        Comparison(
            campaign="c",
            prompt=f"p{n}",
            left=outputs[2 * n + n % 2].id,
            right=outputs[2 * n + 1 - n % 2].id,
        )
        for n in range(20)
    ]
    store.add([*outputs, *comparisons])
    arms = []
    for name in ("base", "tuned"):
        measures = {"spoken": float(name == "tuned"), "similarity": 0.5}
        rows = tuple(MeasuredOutput(f"p{n}", measures) for n in range(20))
        arms.append(MeasuredArm(name, name, "", rows))
    votes = [
        review(c.id, "preference", "left" if n % 2 else "right") for n, c in enumerate(comparisons)
    ]
    (card,) = vote_cards(store, votes, arms, [("spoken", "The target")])
    assert card.kappa.estimate == 1
    assert card.name.startswith("The target")

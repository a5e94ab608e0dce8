"""Judge cards from reviews: of the rule, of a persona's trait lists, and of measures as voters."""

from pathlib import Path

import pytest

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
from evaluation.aims import Bound, persona_aim, tone_aim
from evaluation.arms import Arm, Scored
from timbre.aims import Subject
from timbre.judging import candidate_cards, majority, vote_cards

SPOKEN = Subject("a tone", "", tone_aim("spoken", [Bound("contractions", at_least=1)]), middle=3)
MADE_BY = Provenance((), "test", "{}", 0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    Store.migrate(url)
    return Store.open(url)


def candidate(text: str) -> Candidate:
    return Candidate(
        campaign="c", kind=CandidateKind.CONVERSATION, provenance=MADE_BY,
        messages=(Message(Role.USER, "?"), Message(Role.ASSISTANT, text)),
    )  # fmt: skip


def review(subject: str, question: str, value: AnswerValue) -> Review:
    return Review(
        subject=subject, reviewer="Ada", reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED, answers=(Answer(question, value),),
    )  # fmt: skip


def test_more_than_half_make_a_label_and_a_tie_makes_none() -> None:
    said = [("a", 1.0), ("a", 1.0), ("a", 0.0), ("b", 1.0), ("b", 0.0), ("c", 0.0)]
    assert majority(said) == {"a": True, "c": False}


def test_the_rule_gets_a_card_from_ratings_of_20_texts_and_none_from_fewer(store: Store) -> None:
    made = [candidate(f"It's {n}." if n % 2 else f"It is {n}.") for n in range(24)]
    store.add(made)
    reviews = [review(c.id, "tone", 5 if n % 2 else 1) for n, c in enumerate(made)]
    (card,) = candidate_cards(store, reviews, SPOKEN)
    assert card.kappa.estimate == 1
    assert "labels by people of 24 texts" in card.sentence
    assert list(candidate_cards(store, reviews[:10], SPOKEN)) == []


def test_each_trait_list_gets_a_card(store: Store) -> None:
    made = [candidate(f"No hurry, {n}." if n % 2 else f"Go, {n}.") for n in range(20)]
    store.add(made)
    aim = persona_aim({"patient": ("no hurry",), "dry": ("not my worst",)})
    reviews = [review(c.id, "traits", ("patient",) if n % 2 else ("none",))
               for n, c in enumerate(made)]  # fmt: skip
    patient, dry = candidate_cards(store, reviews, Subject("a persona", "", aim))
    assert patient.kappa.estimate == 1
    assert dry.saturated


def test_a_measure_is_held_against_the_votes(store: Store) -> None:
    outputs = [
        Output(prompt=f"p{n}", arm=arm, run=None, messages=(), text=arm, generation="{}", seed=0)
        for n in range(20)
        for arm in ("base", "tuned")
    ]
    sides = [
        Comparison(campaign="c", prompt=f"p{n}", left=outputs[2 * n + n % 2].id,
                   right=outputs[2 * n + 1 - n % 2].id)
        for n in range(20)
    ]  # fmt: skip
    store.add([*outputs, *sides])
    arms = [
        Arm(name, name, "", tuple(
            Scored(f"p{n}", {"spoken": float(name == "tuned"), "similarity": 0.5})
            for n in range(20)))
        for name in ("base", "tuned")
    ]  # fmt: skip
    votes = [review(c.id, "preference", "left" if n % 2 else "right") for n, c in enumerate(sides)]
    (card,) = vote_cards(store, votes, arms, [("spoken", "The target")])
    assert card.kappa.estimate == 1
    assert card.name.startswith("The target")

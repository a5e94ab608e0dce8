"""Each gate passes what it should, and says what would have to change where it does not."""

import pytest

from db.records import (
    Candidate,
    CandidateKind,
    Decision,
    Gate,
    Interval,
    Message,
    Provenance,
    Role,
    Verdict,
)
from timbre.campaign import Gates
from timbre.gates import Approved, final_text, quality_gates

BOUNDS = Gates(approved=2, agreement=0.2, shortest=3, longest=30)
AGREED = Interval(0.3, 0.5, 0.7)
TEXTS = (
    "A lighthouse is a tower with a lamp at its top, and ships steer by it at night.",
    "Honey keeps for years because so little water is left in it for anything to grow.",
)


def approved(*texts: str, traits: tuple[tuple[str, ...], ...] = ()) -> list[Approved]:
    rows: list[Approved] = []
    for place, text in enumerate(texts):
        candidate = Candidate(
            campaign="c",
            kind=CandidateKind.CONVERSATION,
            provenance=Provenance(("question.v1",), "phrasebook", "{}", place),
            messages=(Message(Role.USER, "What?"), Message(Role.ASSISTANT, text)),
            traits=traits[place] if traits else (),
        )
        verdict = Verdict(
            subject=candidate.id, decision=Decision.APPROVE, rule="majority", reviews=()
        )
        rows.append((candidate, verdict, None))
    return rows


def failing(rows: list[Approved], agreement: Interval | None = AGREED) -> list[Gate]:
    return [gate for gate in quality_gates(rows, agreement, BOUNDS) if not gate.passed]


def test_good_records_pass_every_gate() -> None:
    assert failing(approved(*TEXTS)) == []


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (TEXTS[:1], "minimum approved"),
        ((TEXTS[0], TEXTS[0]), "no exact or near duplicates"),
        ((TEXTS[0], "Write to jo.bloggs@mail-provider.com if you want to know more of it."),
         "no personal data pattern"),
        ((TEXTS[0], "Too short."), "length"),
        ((TEXTS[0], "word " * 40), "length"),
    ],
)  # fmt: skip
def test_a_fault_fails_its_own_gate(texts: tuple[str, ...], name: str) -> None:
    assert [gate.name for gate in failing(approved(*texts))] == [name]


@pytest.mark.parametrize("agreement", [None, Interval(0.1, 0.5, 0.9)])
def test_agreement_is_held_by_its_lower_end(agreement: Interval | None) -> None:
    assert [g.name for g in failing(approved(*TEXTS), agreement)] == ["agreement on the decision"]


def test_a_rare_trait_fails_the_balance() -> None:
    traits = (*[("calm",)] * 9, ("anxious",))
    texts = [f"{TEXTS[0]} {number} {TEXTS[1][number:]}" for number in range(10)]
    gates = quality_gates(approved(*texts, traits=traits), AGREED, Gates(near_duplicate=1.0))
    assert [gate.passed for gate in gates if gate.name == "balance of traits"] == [False]


def test_an_edit_wins_over_the_candidate() -> None:
    candidate, verdict, _ = approved(TEXTS[0])[0]
    edited = Verdict(
        subject=verdict.subject, decision=verdict.decision, rule="", reviews=(), text="Better."
    )
    assert final_text(candidate, verdict) == TEXTS[0]
    assert final_text(candidate, edited) == "Better."

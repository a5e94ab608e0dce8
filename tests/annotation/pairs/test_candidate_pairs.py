"""Edits, verdicts and rewrites become pairs, or rejections with a reason."""

from dataclasses import replace

import pytest

from annotation.pairs.candidate_pairs import candidate_pairs
from db.records import CandidateKind, Message, Pair, PairSource, Rejection, Role, Split
from tests.annotation.pairs.reviewed import (
    PLAIN,
    QUESTION,
    answer_candidate,
    approve,
    decide,
)

SPOKEN = answer_candidate("It's 35 minutes.")
DIALOGUE = replace(
    SPOKEN,
    kind=CandidateKind.DIALOGUE,
    messages=(
        QUESTION,
        Message(Role.ASSISTANT, "It is 35 minutes."),
        Message(Role.USER, "Since when?"),
        Message(Role.ASSISTANT, "Since 1912."),
    ),
)


def only_pair(*results: Pair | Rejection) -> Pair:
    (pair,) = results
    assert isinstance(pair, Pair)
    return pair


def only_rejection(*results: Pair | Rejection) -> tuple[str, str]:
    (rejection,) = results
    assert isinstance(rejection, Rejection)
    assert (rejection.scope, rejection.stage, rejection.subject) == ("c", "pairs", SPOKEN.id)
    return rejection.reason, rejection.detail


def test_an_edit_is_preferred_to_the_answer_before_it() -> None:
    item = approve(SPOKEN, edit="About 35 minutes.", decisions="aar")
    pair = only_pair(*candidate_pairs([item], [], {PairSource.EDIT}))
    assert (pair.source, pair.prompt) == (PairSource.EDIT, (QUESTION,))
    assert (pair.chosen, pair.rejected) == ("About 35 minutes.", "It's 35 minutes.")
    assert pair.chosen_from == pair.rejected_from == SPOKEN.id
    assert (pair.split, pair.article, pair.passage) == (Split.VALIDATION, "a", "p")
    assert set(pair.reviews) == {review.id for review in item.reviews}
    assert (pair.reviewers, pair.reviewer_kinds) == (("ada", "grace", "lin"), ("person",))
    assert pair.support == 2
    assert pair.agreement == pytest.approx(2 / 3)


def test_an_answer_without_an_edit_makes_no_pair() -> None:
    assert list(candidate_pairs([approve(SPOKEN)], [], {PairSource.EDIT})) == []


def test_the_first_edited_answer_of_a_dialogue_makes_the_pair() -> None:
    edited = replace(DIALOGUE.messages[1], content="35 minutes!")
    last = replace(DIALOGUE.messages[3], content="In 1912!")
    messages = (QUESTION, edited, DIALOGUE.messages[2], last)
    item = approve(DIALOGUE, messages, edit="the whole dialogue")
    pair = only_pair(*candidate_pairs([item], [], {PairSource.EDIT}))
    assert (pair.prompt, pair.chosen, pair.rejected) == (
        (QUESTION,),
        "35 minutes!",
        "It is 35 minutes.",
    )


def test_an_edit_that_changes_nothing_is_rejected() -> None:
    item = approve(SPOKEN, edit="It's 35 minutes.")
    rejection = only_rejection(*candidate_pairs([item], [], {PairSource.EDIT}))
    assert rejection == ("identical answers", "the edit changes nothing")


def test_an_edited_question_is_rejected() -> None:
    item = approve(SPOKEN, (Message(Role.USER, "How far?"), SPOKEN.messages[1]), edit="…")
    reason, detail = only_rejection(*candidate_pairs([item], [], {PairSource.EDIT}))
    assert reason == "edited prompt"
    assert detail == "the edit first changes turn 1, which isn't an answer"


def test_an_edit_that_only_removes_turns_is_rejected() -> None:
    item = approve(replace(DIALOGUE), DIALOGUE.messages[:2], edit="…")
    (rejection,) = candidate_pairs([item], [], {PairSource.EDIT})
    assert isinstance(rejection, Rejection)
    assert rejection.detail == "the edit only adds or removes turns"


def test_an_edited_answer_with_weight_0_is_rejected() -> None:
    answer = Message(Role.ASSISTANT, "About 35.", has_loss=False)
    item = approve(SPOKEN, (QUESTION, answer), edit="About 35.")
    reason, _ = only_rejection(*candidate_pairs([item], [], {PairSource.EDIT}))
    assert reason == "answer without loss"


@pytest.mark.parametrize("kind", [CandidateKind.STATEMENT, CandidateKind.DOCUMENT])
def test_an_edited_text_without_a_prompt_is_rejected(kind: CandidateKind) -> None:
    text = replace(SPOKEN, kind=kind, messages=(), text="I steer.", reference="")
    (rejection,) = candidate_pairs([approve(text, (), edit="I sail.")], [], set(PairSource))
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.detail) == ("no prompt", f"a {kind} has no prompt")


def test_a_rewrite_is_preferred_to_the_plain_answer() -> None:
    item = approve(SPOKEN, edit="About 35 minutes.")
    pair = only_pair(*candidate_pairs([item], [], {PairSource.REWRITE}))
    assert (pair.chosen, pair.rejected) == ("About 35 minutes.", PLAIN)
    assert (pair.prompt, pair.source) == ((QUESTION,), PairSource.REWRITE)
    without_plain = approve(replace(SPOKEN, reference=""))
    assert list(candidate_pairs([without_plain], [], {PairSource.REWRITE})) == []


def test_an_approved_answer_is_preferred_to_a_rejected_one() -> None:
    other = decide(answer_candidate("Thirty-five."), "rra")
    item = approve(SPOKEN, edit="About 35 minutes.")
    pair = only_pair(*candidate_pairs([item], [other], {PairSource.VERDICT}))
    assert (pair.chosen, pair.rejected) == ("About 35 minutes.", "Thirty-five.")
    assert (pair.chosen_from, pair.rejected_from) == (SPOKEN.id, other.candidate.id)
    assert len(pair.reviews) == 5
    assert pair.support == 4


def test_a_rejected_answer_without_an_approved_one_makes_no_pair() -> None:
    others = [
        decide(answer_candidate("No.", Message(Role.USER, "Is it far?")), "rr"),
        decide(answer_candidate("No.", passage="q"), "rr"),
    ]
    results = list(candidate_pairs([approve(SPOKEN)], others, {PairSource.VERDICT}))
    assert {(r.subject, r.reason) for r in results if isinstance(r, Rejection)} == {
        (other.candidate.id, "no approved answer") for other in others
    }
    assert len(results) == 2


def test_a_rejected_text_without_a_prompt_makes_no_pair() -> None:
    text = replace(SPOKEN, kind=CandidateKind.STATEMENT, messages=(), text="I steer.")
    approved = approve(replace(text, text="I sail."), ())
    (rejection,) = candidate_pairs([approved], [decide(text, "rr")], {PairSource.VERDICT})
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.detail) == ("no prompt", "a statement has no prompt")


def test_each_candidate_of_a_prompt_is_in_a_pair_and_in_no_more_than_necessary() -> None:
    approved = [approve(answer_candidate(f"Good {n}.")) for n in range(2)]
    rejected = [decide(answer_candidate(f"Bad {n}."), "rr") for n in range(3)]
    pairs = list(candidate_pairs(approved, rejected, {PairSource.VERDICT}))
    assert len(pairs) == 3
    assert {p.rejected for p in pairs if isinstance(p, Pair)} == {"Bad 0.", "Bad 1.", "Bad 2."}
    chosen = sorted(p.chosen for p in pairs if isinstance(p, Pair))
    assert chosen in (["Good 0.", "Good 0.", "Good 1."], ["Good 0.", "Good 1.", "Good 1."])
    again = list(candidate_pairs(approved[::-1], rejected[::-1], {PairSource.VERDICT}))
    assert again == pairs

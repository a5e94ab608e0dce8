"""Pairs that a model shouldn't learn from are rejected with a reason."""

from dataclasses import replace

import pytest

from annotation.pairs.candidate_pairs import candidate_pairs
from annotation.pairs.screening import screen_pairs
from db.records import Pair, PairSource, Rejection
from tests.annotation.pairs.reviewed import answer_candidate, approve


def edit_pair(before: str = "It's 35 minutes.", after: str = "About 35 minutes.") -> Pair:
    item = approve(answer_candidate(before), edit=after)
    (pair,) = candidate_pairs([item], [], {PairSource.EDIT})
    assert isinstance(pair, Pair)
    return pair


PAIR = edit_pair()


def screen(*pairs: Pair) -> list[Pair | Rejection]:
    return list(screen_pairs(pairs, "c", lambda text: "2 words" if "short" in text else ""))


def reasons(*pairs: Pair) -> list[str]:
    return [each.reason if isinstance(each, Rejection) else "" for each in screen(*pairs)]


def test_good_pairs_pass_in_order() -> None:
    other = edit_pair(after="Half an hour or so.")
    assert screen(other, PAIR) == [other, PAIR]


@pytest.mark.parametrize(
    ("pair", "reason", "detail"),
    [
        (
            replace(PAIR, chosen="It's 35 minutes.\n"),
            "identical answers",
            "edit: the chosen and the rejected answer are the same",
        ),
        (replace(PAIR, chosen=" "), "empty answer", "edit: the chosen answer is empty"),
        (replace(PAIR, rejected=""), "empty answer", "edit: the rejected answer is empty"),
        (replace(PAIR, chosen="Too short."), "chosen answer fails a gate", "edit: 2 words"),
    ],
    ids=["identical", "no chosen text", "no rejected text", "fails a gate"],
)
def test_a_bad_pair_is_rejected(pair: Pair, reason: str, detail: str) -> None:
    (rejection,) = screen(pair)
    assert isinstance(rejection, Rejection)
    assert (rejection.scope, rejection.subject) == ("c", PAIR.chosen_from)
    assert (rejection.reason, rejection.detail) == (reason, detail)


def test_a_rejected_answer_may_fail_the_gates() -> None:
    assert reasons(replace(PAIR, rejected="Too short.")) == [""]


def test_pairs_that_prefer_opposite_answers_are_both_rejected() -> None:
    opposite = replace(PAIR, chosen=PAIR.rejected, rejected=PAIR.chosen)
    assert reasons(PAIR, opposite) == ["opposite pairs", "opposite pairs"]


def test_a_pair_is_used_if_the_opposite_one_fails_by_itself() -> None:
    pair = replace(PAIR, rejected="Too short.")
    opposite = replace(pair, chosen=pair.rejected, rejected=pair.chosen)
    assert reasons(pair, opposite) == ["", "chosen answer fails a gate"]


def test_the_first_of_two_pairs_with_the_same_texts_is_used() -> None:
    again = replace(PAIR, source=PairSource.VERDICT)
    first, second = screen(PAIR, again)
    assert first == PAIR
    assert isinstance(second, Rejection)
    assert second.reason == "duplicate pair"
    assert PAIR.id[:12] in second.detail


def test_a_rejection_of_a_vote_names_its_comparison() -> None:
    (rejection,) = screen(replace(PAIR, rejected=PAIR.chosen, comparison="f" * 64))
    assert isinstance(rejection, Rejection)
    assert rejection.subject == "f" * 64

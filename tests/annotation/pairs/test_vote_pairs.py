"""Blind votes on training prompts become pairs; other votes are rejected with a reason."""

from dataclasses import replace

import pytest

from annotation.pairs.vote_pairs import vote_pairs
from db.records import Pair, PairSource, Rejection, Split
from tests.annotation.pairs.reviewed import QUESTION, compare


@pytest.mark.parametrize(
    ("votes", "chosen", "support"),
    [
        (("left", "left", "right"), "The answer of tuned.", 2),
        (("right", "right", "tie"), "The answer of base.", 2),
        (("left",), "The answer of tuned.", 1),
    ],
)
def test_the_output_with_most_votes_is_chosen(
    votes: tuple[str, ...], chosen: str, support: int
) -> None:
    item = compare(*votes)
    (pair,) = vote_pairs([item])
    assert isinstance(pair, Pair)
    assert (pair.source, pair.prompt, pair.split) == (PairSource.VOTE, (QUESTION,), Split.TRAIN)
    assert (pair.chosen, pair.support, len(pair.reviews)) == (chosen, support, len(votes))
    assert {pair.chosen, pair.rejected} == {item.left.text, item.right.text}
    assert {pair.chosen_from, pair.rejected_from} == {item.left.id, item.right.id}
    assert (pair.comparison, pair.article) == (item.comparison.id, "a")
    assert pair.reviewer_kinds == ("person",)


@pytest.mark.parametrize(
    ("votes", "reason"),
    [
        (("left", "right"), "contradictory votes"),
        (("left", "right", "tie"), "contradictory votes"),
        (("tie", "tie"), "no preference"),
        (("left", "tie"), "no preference"),
    ],
)
def test_votes_without_a_majority_are_rejected(votes: tuple[str, ...], reason: str) -> None:
    item = compare(*votes)
    (rejection,) = vote_pairs([item])
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.subject) == (reason, item.comparison.id)
    left, right, tie = (votes.count(choice) for choice in ("left", "right", "tie"))
    assert rejection.detail == f"{left} for A, {right} for B, {tie} for no difference"


@pytest.mark.parametrize(
    ("split", "later_split", "named"),
    [
        (Split.TEST, Split.TEST, "test"),
        (Split.VALIDATION, Split.VALIDATION, "validation"),
        (Split.TEST, Split.TRAIN, "test"),
        (Split.TRAIN, Split.TEST, "test"),
    ],
)
def test_votes_on_held_out_prompts_never_become_pairs(
    split: Split, later_split: Split, named: str
) -> None:
    (rejection,) = vote_pairs([compare("left", "left", split=split, later_split=later_split)])
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "vote on a held-out prompt"
    assert rejection.detail == f"the prompt is in the {named} split"


def test_rules_vote_only_if_no_person_did() -> None:
    (pair,) = vote_pairs([compare("rule-left", "rule-left", "right")])
    assert isinstance(pair, Pair)
    assert (pair.chosen, pair.reviewer_kinds, pair.support) == (
        "The answer of base.",
        ("person",),
        1,
    )
    (by_rules,) = vote_pairs([compare("rule-left", "rule-left")])
    assert isinstance(by_rules, Pair)
    assert (by_rules.chosen, by_rules.reviewer_kinds) == ("The answer of tuned.", ("rule",))


def test_a_flagged_comparison_is_rejected() -> None:
    (rejection,) = vote_pairs([compare("left", "left", flag="broken")])
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.detail) == ("flagged comparison", "broken")


def test_a_comparison_without_votes_is_ignored() -> None:
    assert list(vote_pairs([replace(compare("left"), reviews=())])) == []

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.errors import AnnotationError
from annotation.verdicts import VerdictRule, VotingRule, find_flags, verdicts
from db.records import Answer, Decision, Review, ReviewerKind, ReviewStatus, Verdict

MAJORITY = VerdictRule()
UNANIMITY = VerdictRule(VotingRule.UNANIMITY)


def review(
    reviewer: str,
    decision: str | None,
    edited: str | None = None,
    kind: ReviewerKind = ReviewerKind.PERSON,
    at: str = "2026-01-01T00:00:00+00:00",
) -> Review:
    answers = (Answer("decision", decision),) if decision else ()
    return Review(
        subject="s1",
        reviewer=reviewer,
        reviewer_kind=kind,
        status=ReviewStatus.SUBMITTED,
        answers=answers,
        edited=edited,
        submitted_at=at,
    )


def verdict(reviews: Iterable[Review], rule: VerdictRule = MAJORITY) -> Verdict:
    (only,) = verdicts(reviews, rule)
    return only


def test_more_approvals_than_rejections_approve() -> None:
    result = verdict([review("ann", "approve"), review("bob", "reject"), review("cy", "approve")])
    assert result.decision is Decision.APPROVE
    assert len(result.reviews) == 3


def test_more_rejections_than_approvals_reject() -> None:
    assert verdict([review("ann", "reject")]).decision is Decision.REJECT


def test_equal_decisions_are_a_tie_without_text() -> None:
    result = verdict([review("ann", "approve", "mended"), review("bob", "reject")])
    assert result.decision is Decision.TIE
    assert result.text is None


def test_one_rejection_breaks_unanimity() -> None:
    reviews = [review("ann", "approve"), review("bob", "approve"), review("cy", "reject")]
    assert verdict(reviews, UNANIMITY).decision is Decision.TIE
    assert verdict(reviews[:2], UNANIMITY).decision is Decision.APPROVE


def test_the_adjudicators_decision_is_final() -> None:
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy")
    reviews = [review("ann", "approve"), review("bob", "approve"), review("cy", "reject")]
    assert verdict(reviews, rule).decision is Decision.REJECT
    assert verdict(reviews[:2], rule).decision is Decision.APPROVE


def test_the_adjudicator_alone_is_enough() -> None:
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy", minimum=2)
    assert list(verdicts([review("ann", "approve")], rule)) == []
    assert verdict([review("cy", "approve")], rule).decision is Decision.APPROVE


def test_a_subject_with_too_few_decisions_gets_no_verdict() -> None:
    assert list(verdicts([review("ann", "approve")], VerdictRule(minimum=2))) == []


def test_discarded_and_undecided_reviews_do_not_count() -> None:
    discarded = Review(
        subject="s1",
        reviewer="bob",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.DISCARDED,
        answers=(Answer("decision", "reject"),),
    )
    result = verdict([review("ann", "approve"), discarded, review("cy", None)])
    assert result.decision is Decision.APPROVE
    assert len(result.reviews) == 1


def test_an_approving_reviewers_edit_becomes_the_text() -> None:
    assert verdict([review("ann", "approve", "mended"), review("bob", "approve")]).text == "mended"


def test_a_rejecting_reviewers_edit_is_ignored() -> None:
    reviews = [review("ann", "approve"), review("bob", "approve"), review("cy", "reject", "mended")]
    assert verdict(reviews).text is None


def test_a_persons_edit_wins_over_a_rules() -> None:
    reviews = [
        review("rule", "approve", "by rule", ReviewerKind.RULE, "2026-03-01T00:00:00+00:00"),
        review("ann", "approve", "by ann"),
    ]
    assert verdict(reviews).text == "by ann"


def test_the_most_frequent_edit_wins_then_the_latest() -> None:
    late = review("cy", "approve", "rare", at="2026-02-01T00:00:00+00:00")
    twice = [review("ann", "approve", "common"), review("bob", "approve", "common")]
    assert verdict([late, *twice]).text == "common"
    assert verdict([late, twice[0]]).text == "rare"


def test_the_adjudicators_edit_wins_over_all() -> None:
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy")
    reviews = [
        review("ann", "approve", "common"),
        review("bob", "approve", "common"),
        review("cy", "approve", "the last word"),
    ]
    assert verdict(reviews, rule).text == "the last word"


def test_the_rule_and_the_adjudicator_must_match() -> None:
    with pytest.raises(AnnotationError, match="no adjudicator is named"):
        VerdictRule(VotingRule.ADJUDICATOR)
    with pytest.raises(AnnotationError, match="“cy” is named as one"):
        VerdictRule(VotingRule.MAJORITY, adjudicator="cy")


@given(st.lists(st.sampled_from(["approve", "reject"]), min_size=1, max_size=7), st.randoms())
def test_the_order_of_reviews_does_not_matter(decisions: list[str], random: object) -> None:
    reviews = [review(f"r{n}", decision, f"edit {n}") for n, decision in enumerate(decisions)]
    shuffled = list(reviews)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdict(reviews) == verdict(shuffled)
    assert verdict(reviews).id == verdict(shuffled).id


@pytest.mark.parametrize("status", list(ReviewStatus))
@pytest.mark.parametrize("kind", ["harmful", "broken"])
def test_only_the_adjudicator_approves_a_flagged_record(status: ReviewStatus, kind: str) -> None:
    flag = replace(review("cy", None), status=status, answers=(Answer("reasons", (kind,)),))
    reviews = [review("ann", "approve"), review("bob", "approve"), flag]
    assert verdict(reviews).decision is Decision.REJECT
    rule = VerdictRule(VotingRule.ADJUDICATOR, "ann")
    assert verdict(reviews, rule).decision is Decision.APPROVE
    assert [(f.reviewer, f.kind) for f in find_flags(reviews)] == [("cy", kind)]

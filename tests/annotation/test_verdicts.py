from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.errors import AnnotationError
from annotation.flags import find_flags
from annotation.verdicts import VerdictRule, VotingRule, verdicts
from db.records import Answer, Decision, Review, ReviewerKind, ReviewStatus, Verdict

MAJORITY = VerdictRule()
UNANIMITY = VerdictRule(VotingRule.UNANIMITY)


def says(
    reviewer: str,
    decision: str | None,
    edited: str | None = None,
    kind: ReviewerKind = ReviewerKind.PERSON,
    at: str = "2026-01-01T00:00:00+00:00",
) -> Review:
    answers = (Answer("decision", decision),) if decision else ()
    return Review(
        subject="s1", reviewer=reviewer, reviewer_kind=kind, status=ReviewStatus.SUBMITTED,
        answers=answers, edited=edited, submitted_at=at,
    )  # fmt: skip


def verdict(reviews: Iterable[Review], rule: VerdictRule = MAJORITY) -> Verdict:
    (only,) = verdicts(reviews, rule)
    return only


def test_more_approvals_than_rejections_approve() -> None:
    found = verdict([says("ann", "approve"), says("bob", "reject"), says("cy", "approve")])
    assert found.decision is Decision.APPROVE
    assert len(found.reviews) == 3


def test_more_rejections_than_approvals_reject() -> None:
    assert verdict([says("ann", "reject")]).decision is Decision.REJECT


def test_as_many_approvals_as_rejections_are_a_tie_and_carry_no_text() -> None:
    found = verdict([says("ann", "approve", "mended"), says("bob", "reject")])
    assert found.decision is Decision.TIE
    assert found.text is None


def test_one_voice_against_breaks_unanimity() -> None:
    reviews = [says("ann", "approve"), says("bob", "approve"), says("cy", "reject")]
    assert verdict(reviews, UNANIMITY).decision is Decision.TIE
    assert verdict(reviews[:2], UNANIMITY).decision is Decision.APPROVE


def test_the_adjudicator_has_the_last_word() -> None:
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy")
    reviews = [says("ann", "approve"), says("bob", "approve"), says("cy", "reject")]
    assert verdict(reviews, rule).decision is Decision.REJECT
    assert verdict(reviews[:2], rule).decision is Decision.APPROVE


def test_the_adjudicator_decides_even_where_too_few_others_have() -> None:
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy", minimum=2)
    assert list(verdicts([says("ann", "approve")], rule)) == []
    assert verdict([says("cy", "approve")], rule).decision is Decision.APPROVE


def test_a_subject_with_too_few_decisions_gets_no_verdict() -> None:
    assert list(verdicts([says("ann", "approve")], VerdictRule(minimum=2))) == []


def test_discarded_and_undecided_reviews_do_not_count() -> None:
    discarded = Review(
        subject="s1", reviewer="bob", reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.DISCARDED, answers=(Answer("decision", "reject"),),
    )  # fmt: skip
    found = verdict([says("ann", "approve"), discarded, says("cy", None)])
    assert found.decision is Decision.APPROVE
    assert len(found.reviews) == 1


def test_an_edit_of_an_approving_reviewer_becomes_the_text() -> None:
    assert verdict([says("ann", "approve", "mended"), says("bob", "approve")]).text == "mended"


def test_an_edit_of_a_reviewer_who_rejected_does_not() -> None:
    reviews = [says("ann", "approve"), says("bob", "approve"), says("cy", "reject", "mended")]
    assert verdict(reviews).text is None


def test_a_persons_edit_wins_over_a_rules() -> None:
    reviews = [
        says("rule", "approve", "by rule", ReviewerKind.RULE, "2026-03-01T00:00:00+00:00"),
        says("ann", "approve", "by ann"),
    ]
    assert verdict(reviews).text == "by ann"


def test_the_edit_most_made_wins_then_the_latest() -> None:
    late = says("cy", "approve", "rare", at="2026-02-01T00:00:00+00:00")
    twice = [says("ann", "approve", "common"), says("bob", "approve", "common")]
    assert verdict([late, *twice]).text == "common"
    assert verdict([late, twice[0]]).text == "rare"


def test_the_adjudicators_edit_wins_over_all() -> None:
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy")
    reviews = [
        says("ann", "approve", "common"),
        says("bob", "approve", "common"),
        says("cy", "approve", "the last word"),
    ]
    assert verdict(reviews, rule).text == "the last word"


def test_an_adjudicator_is_named_exactly_where_one_is_needed() -> None:
    with pytest.raises(AnnotationError, match="expected a name"):
        VerdictRule(VotingRule.ADJUDICATOR)
    with pytest.raises(AnnotationError, match="expected a name"):
        VerdictRule(VotingRule.MAJORITY, adjudicator="cy")


@given(st.lists(st.sampled_from(["approve", "reject"]), min_size=1, max_size=7), st.randoms())
def test_a_verdict_does_not_depend_on_the_order_of_reviews(said: list[str], random: object) -> None:
    reviews = [says(f"r{n}", decision, f"edit {n}") for n, decision in enumerate(said)]
    shuffled = list(reviews)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdict(reviews) == verdict(shuffled)
    assert verdict(reviews).id == verdict(shuffled).id


@pytest.mark.parametrize("status", list(ReviewStatus))
@pytest.mark.parametrize("kind", ["harmful", "broken"])
def test_what_one_flags_is_not_approved_unless_the_adjudicator_does(
    status: ReviewStatus, kind: str
) -> None:
    flag = replace(says("cy", None), status=status, answers=(Answer("reasons", (kind,)),))
    said = [says("ann", "approve"), says("bob", "approve"), flag]
    assert verdict(said).decision is Decision.REJECT
    rule = VerdictRule(VotingRule.ADJUDICATOR, "ann")
    assert verdict(said, rule).decision is Decision.APPROVE
    assert [(f.reviewer, f.kind) for f in find_flags(said)] == [("cy", kind)]

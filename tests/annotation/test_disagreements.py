"""Records to discuss, ties for an adjudicator, and the speed of reviewers."""

from dataclasses import replace
from datetime import timedelta

from annotation.adjudication import adjudication_items, adjudication_settings
from annotation.agreement.summary import rank_disagreements
from annotation.argilla.datasets import Dataset
from annotation.argilla.questions import candidate_settings
from annotation.progress import reviewer_speeds
from annotation.push import candidate_record
from annotation.verdicts import VerdictRule, VotingRule, verdicts
from db.records import Answer, AnswerValue, Decision, Review, ReviewerKind, ReviewStatus
from tests.annotation.records import TONE, conversation, offline_client


def review(reviewer: str, subject: str, at: str = "", **values: AnswerValue) -> Review:
    return Review(
        subject=subject,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        submitted_at=at,
        answers=tuple(Answer(question, values[question]) for question in sorted(values)),
    )


def test_disagreements_are_ranked_by_distance() -> None:
    reviews = [
        review("ann", "near", tone=2),
        review("bob", "near", tone=3),
        review("ann", "far", tone=1),
        review("bob", "far", tone=5),
        review("cy", "far", tone=5),
        review("ann", "same", tone=4),
        review("bob", "same", tone=4),
        review("ann", "alone", tone=1),
    ]
    ranked = rank_disagreements(reviews, "tone")
    assert [(one.subject, one.distance) for one in ranked] == [("far", 1.0), ("near", 1 / 16)]
    assert ranked[0].answers == (("ann", "1"), ("bob", "5"), ("cy", "5"))


def test_traits_are_compared_as_sets() -> None:
    reviews = [review("ann", "s", traits=("dry", "calm")), review("bob", "s", traits=("dry",))]
    (disagreement,) = rank_disagreements(reviews, "traits")
    assert disagreement.answers == (("ann", "calm, dry"), ("bob", "dry"))


def test_no_reviews_give_no_disagreements() -> None:
    assert rank_disagreements([], "tone") == []


def test_an_adjudicator_settles_ties() -> None:
    tied, agreed = conversation(), conversation("It's quick, you know.")
    reviews = [
        replace(review("ann", tied.candidate.id, decision="approve", tone=4), edited="It's 35."),
        review("bob", tied.candidate.id, decision="reject", reasons=("tone",)),
        review("ann", agreed.candidate.id, decision="approve"),
        review("bob", agreed.candidate.id, decision="approve"),
    ]
    decided = list(verdicts(reviews, VerdictRule()))
    (item,) = adjudication_items([tied, agreed], decided, reviews)
    assert item.candidate == tied.candidate
    assert "decision: approve; tone: 4\nTheir version: It's 35." in item.earlier_answers
    assert "decision: reject; reasons: tone" in item.earlier_answers
    assert "ann" not in item.earlier_answers
    assert "bob" not in item.earlier_answers
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy")
    settled = verdicts([*reviews, review("cy", tied.candidate.id, decision="reject")], rule)
    assert {v.subject: v.decision for v in settled} == {
        tied.candidate.id: Decision.REJECT,
        agreed.candidate.id: Decision.APPROVE,
    }


def test_only_the_adjudicator_sees_earlier_answers() -> None:
    item = replace(conversation(), earlier_answers="Reviewer 1: decision: approve")
    dataset = Dataset("1", "d", {"improved": "q"}, {"improved": "text"})
    settings = adjudication_settings(TONE)
    assert "said" not in candidate_record(item, TONE, dataset)["fields"]
    assert candidate_record(item, settings, dataset)["fields"]["said"] == item.earlier_answers
    assert "said" in {f.name for f in candidate_settings(offline_client(), settings).fields}
    assert settings.overlap == 1


def test_speed_is_the_median_without_breaks() -> None:
    times = ["10:00:00", "10:00:20", "10:00:50", "10:01:10", "14:00:00"]
    reviews = [
        review("ann", f"s{n}", at=f"2026-01-01T{time}+00:00", tone=1)
        for n, time in enumerate(times)
    ]
    (speed,) = reviewer_speeds([*reviews], records=15)
    assert (speed.done, speed.left) == (5, 10)
    assert speed.time_per_record == timedelta(seconds=20)
    assert speed.time_left == timedelta(seconds=200)


def test_a_single_answer_gives_no_speed() -> None:
    (speed,) = reviewer_speeds(
        [review("ann", "s", at="2026-01-01T10:00:00+00:00", tone=1)], records=3
    )
    assert (speed.left, speed.time_per_record, speed.time_left) == (2, None, None)

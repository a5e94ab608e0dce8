"""What is talked over, handed to an adjudicator, and how long it takes."""

from dataclasses import replace
from datetime import timedelta

from annotation.adjudication import adjudication_items, adjudication_settings
from annotation.agreement_report import rank_disagreements
from annotation.datasets import Dataset
from annotation.progress import reviewer_speeds
from annotation.push import candidate_record
from annotation.questions import candidate_settings
from annotation.verdicts import VerdictRule, VotingRule, verdicts
from db.records import Answer, AnswerValue, Decision, Review, ReviewerKind, ReviewStatus
from tests.annotation.records import TONE, conversation, offline_client


def said(reviewer: str, subject: str, at: str = "", **values: AnswerValue) -> Review:
    return Review(
        subject=subject, reviewer=reviewer, reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED, submitted_at=at,
        answers=tuple(Answer(question, values[question]) for question in sorted(values)),
    )  # fmt: skip


def test_the_records_furthest_apart_come_first_and_those_agreed_on_not_at_all() -> None:
    reviews = [
        said("ann", "near", tone=2), said("bob", "near", tone=3),
        said("ann", "far", tone=1), said("bob", "far", tone=5), said("cy", "far", tone=5),
        said("ann", "same", tone=4), said("bob", "same", tone=4),
        said("ann", "alone", tone=1),
    ]  # fmt: skip
    found = rank_disagreements(reviews, "tone")
    assert [(one.subject, one.distance) for one in found] == [("far", 1.0), ("near", 1 / 16)]
    assert found[0].answers == (("ann", "1"), ("bob", "5"), ("cy", "5"))


def test_traits_are_as_far_apart_as_what_they_do_not_share() -> None:
    reviews = [said("ann", "s", traits=("dry", "calm")), said("bob", "s", traits=("dry",))]
    (found,) = rank_disagreements(reviews, "traits")
    assert found.answers == (("ann", "calm, dry"), ("bob", "dry"))


def test_nothing_said_is_nothing_to_talk_over() -> None:
    assert rank_disagreements([], "tone") == []


def test_ties_go_to_an_adjudicator_whose_word_settles_them() -> None:
    tied, agreed = conversation(), conversation("It's quick, you know.")
    reviews = [
        replace(said("ann", tied.candidate.id, decision="approve", tone=4), edited="It's 35."),
        said("bob", tied.candidate.id, decision="reject", reasons=("tone",)),
        said("ann", agreed.candidate.id, decision="approve"),
        said("bob", agreed.candidate.id, decision="approve"),
    ]
    found = list(verdicts(reviews, VerdictRule()))
    (item,) = adjudication_items([tied, agreed], found, reviews)
    assert item.candidate == tied.candidate
    assert "decision: approve; tone: 4\nTheir version: It's 35." in item.earlier_answers
    assert "decision: reject; reasons: tone" in item.earlier_answers
    assert "ann" not in item.earlier_answers
    assert "bob" not in item.earlier_answers
    rule = VerdictRule(VotingRule.ADJUDICATOR, adjudicator="cy")
    settled = verdicts([*reviews, said("cy", tied.candidate.id, decision="reject")], rule)
    assert {v.subject: v.decision for v in settled} == {
        tied.candidate.id: Decision.REJECT,
        agreed.candidate.id: Decision.APPROVE,
    }


def test_the_adjudicator_sees_what_was_said_and_others_do_not() -> None:
    item = replace(conversation(), earlier_answers="Reviewer 1: decision: approve")
    dataset = Dataset("1", "d", {"improved": "q"}, {"improved": "text"})
    settings = adjudication_settings(TONE)
    assert "said" not in candidate_record(item, TONE, dataset)["fields"]
    assert candidate_record(item, settings, dataset)["fields"]["said"] == item.earlier_answers
    assert "said" in {f.name for f in candidate_settings(offline_client(), settings).fields}
    assert settings.overlap == 1


def test_pace_is_the_median_of_one_sitting() -> None:
    times = ["10:00:00", "10:00:20", "10:00:50", "10:01:10", "14:00:00"]
    reviews = [
        said("ann", f"s{n}", at=f"2026-01-01T{time}+00:00", tone=1) for n, time in enumerate(times)
    ]
    (found,) = reviewer_speeds([*reviews], records=15)
    assert (found.done, found.left) == (5, 10)
    assert found.time_per_record == timedelta(seconds=20)
    assert found.time_left == timedelta(seconds=200)


def test_a_single_answer_tells_no_pace() -> None:
    (found,) = reviewer_speeds(
        [said("ann", "s", at="2026-01-01T10:00:00+00:00", tone=1)], records=3
    )
    assert (found.left, found.time_per_record, found.time_left) == (2, None, None)

"""Scales of 2 to 10 steps, with any labels and values: pushed, suggested, answered and pulled."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from annotation.agreement.measurement import measure_agreement
from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection
from annotation.argilla.questions import candidate_settings
from annotation.items import Suggestion
from annotation.pull import pull
from annotation.push import PushCount, push_candidates, push_comparisons
from annotation.review_settings import ReviewSettings, ScalePoint
from annotation.rule_reviewers import CHECKER, LISTENER, review_by_rule
from annotation.submit import submit
from db.records import Answer, Interval, Review, ReviewerKind, ReviewStatus
from tests.annotation.records import SPOKEN, TONE, comparison, conversation, offline_client

Annotator = Callable[[str], tuple[Account, Connection]]
SCALES = {
    "two": (0, 1),
    "three": (1, 2, 3),
    "uneven": (0, 3, 4, 10),
    "ten": tuple(range(1, 11)),
    "from-zero": tuple(range(10)),
}


def scaled(values: tuple[int, ...]) -> ReviewSettings:
    points = tuple(ScalePoint(value, f"“Stufe” <{value}> & mehr") for value in values)
    return replace(TONE, scale=points)


def approval(subject: str, tone: int) -> Review:
    answers = {"decision": "approve", "faithful": "yes", "natural": "yes"}
    return Review(
        subject=subject,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=(*(Answer(name, value) for name, value in answers.items()), Answer("tone", tone)),
    )


@pytest.mark.parametrize("name", SCALES)
def test_every_rating_of_a_scale_is_suggested_answered_and_pulled(
    owner: Connection, annotator: Annotator, name: str
) -> None:
    values, settings = SCALES[name], scaled(SCALES[name])
    items = [
        replace(
            conversation(f"{SPOKEN} {value}"),
            suggestions=(Suggestion("tone", value, None, "tone.v1+0123456789ab"),),
        )
        for value in values
    ]
    assert push_candidates(owner, name, items, settings) == PushCount(len(values), 0)
    assert push_candidates(owner, name, items, settings) == PushCount(0, len(values))
    ratings = {item.candidate.id: value for item, value in zip(items, values, strict=True)}
    for person in ("first", "second"):
        _, connection = annotator(f"{name}-{person}")
        submit(connection, name, [approval(id, rating) for id, rating in ratings.items()])
    reviews = list(pull(owner, name))
    assert sorted((r.subject, r.answer("tone")) for r in reviews) == sorted([*ratings.items()] * 2)
    (question,) = measure_agreement(reviews, ["tone"], ratings=settings.ratings).questions
    assert question.records == len(values)
    if isinstance(question.alpha, Interval):
        assert question.alpha.estimate == 1


@pytest.mark.parametrize("name", SCALES)
def test_rules_rate_on_the_scale(owner: Connection, annotator: Annotator, name: str) -> None:
    values, settings = SCALES[name], scaled(SCALES[name])
    bookish = "The crossing comprises the entirety of the service with regard to its schedule."
    candidates, pairs = [conversation(), conversation(bookish)], [comparison(SPOKEN, bookish)]
    push_candidates(owner, f"rules-{name}", candidates, settings)
    push_comparisons(owner, f"sides-{name}", pairs, settings)
    for rule in (LISTENER, CHECKER):
        _, connection = annotator(f"{name}-{rule.name}")
        for dataset, items in ((f"rules-{name}", candidates), (f"sides-{name}", pairs)):
            reviews = [review_by_rule(item, rule, scale=values) for item in items]
            assert submit(connection, dataset, reviews) == len(items)
    by_subject = {review.subject: review.answer("tone") for review in pull(owner, f"rules-{name}")}
    spoken, other = (by_subject[item.candidate.id] for item in candidates)
    assert spoken == values[-1]
    assert isinstance(other, int)
    assert other < values[-1]
    assert {review.answer("tone_left") for review in pull(owner, f"sides-{name}")} == {values[-1]}


def test_the_question_has_every_label_of_the_scale() -> None:
    built = candidate_settings(offline_client(), scaled(SCALES["uneven"])).serialize()
    (question,) = [q for q in built["questions"] if q["name"] == "tone"]
    assert [option["value"] for option in question["settings"]["options"]] == [0, 3, 4, 10]
    assert question["description"].count("Stufe") == 4
    assert "0: “Stufe” <0> & mehr; 10: “Stufe” <10> & mehr" in question["title"]


def test_a_dataset_without_records_takes_a_corrected_scale(owner: Connection) -> None:
    push_candidates(owner, "corrected-scale", [], scaled((1, 2)))
    assert push_candidates(owner, "corrected-scale", [conversation()], TONE) == PushCount(1, 0)

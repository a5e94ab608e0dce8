"""Pushes to a real Argilla server, reviews submitted there, and pulls."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from annotation.argilla.accounts import Account, UserRole, add_user, list_users
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from annotation.errors import AnnotationError
from annotation.items import Suggestion
from annotation.pull import pull
from annotation.push import PushCount, push_candidates, push_comparisons
from annotation.rule_reviewers import CHECKER, LISTENER, RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from annotation.verdicts import find_flags
from db.records import Answer, AnswerValue, Review, ReviewerKind, ReviewStatus, Span
from tests.annotation.records import (
    PERSONA,
    SPOKEN,
    TONE,
    Progress,
    comparison,
    conversation,
    dialogue,
    statement,
)

Annotator = Callable[[str], tuple[Account, Connection]]
CUES = (("patient", ("no hurry",)), ("dry", ("i suppose",)))


def person_review(subject: str, **values: AnswerValue) -> Review:
    """A person's review; the connection that submits it determines the reviewer."""
    answers: dict[str, AnswerValue] = {"tone": 4, "natural": "yes", "faithful": "yes"}
    answers |= {"decision": "approve"} | values
    return Review(
        subject=subject,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(question, answers[question]) for question in sorted(answers)),
    )


def delete_response(connection: Connection, dataset: str, subject: str) -> None:
    with connect(connection) as server:
        found = find_dataset(server, dataset)
        scope = {"entity": "record", "property": "external_id"}
        answer = server.post(
            f"me/datasets/{found.id}/records/search",
            {"filters": {"and": [{"type": "terms", "scope": scope, "values": [subject]}]}},
            include="responses",
        )
        server.delete(f"responses/{answer['items'][0]['record']['responses'][0]['id']}")


def test_a_second_push_adds_only_new_records(owner: Connection) -> None:
    items = [conversation(f"{SPOKEN} {n}") for n in range(260)]
    progress = Progress()
    assert push_candidates(owner, "again", items[:255], TONE, progress) == PushCount(255, 0)
    assert progress.calls == [(250, 255), (255, 255)]
    assert push_candidates(owner, "again", items[:255], TONE) == PushCount(0, 255)
    assert push_candidates(owner, "again", [*items, items[0]], TONE) == PushCount(5, 255)


def test_a_new_suggestion_or_measure_corrects_the_record(owner: Connection) -> None:
    item = conversation()
    push_candidates(owner, "corrected", [item], TONE)
    suggested = replace(
        item,
        suggestions=(Suggestion("tone", 4, 0.7, "register v1 (ours)"),),
        metadata=(("tone_score", 0.7),),
        vector=(1.0, 0.0, 0.0, 0.0),
    )
    assert push_candidates(owner, "corrected", [suggested], TONE) == PushCount(0, 0, 1)
    assert push_candidates(owner, "corrected", [suggested], TONE) == PushCount(0, 1)
    assert push_candidates(owner, "corrected", [item], TONE) == PushCount(0, 0, 1)
    assert push_candidates(owner, "corrected", [item], TONE) == PushCount(0, 1)


def test_new_guidelines_update_the_dataset(owner: Connection) -> None:
    push_candidates(owner, "guided", [conversation()], TONE)
    push_candidates(owner, "guided", [], replace(TONE, description="As one tells a child."))
    with connect(owner) as server:
        found = server.get(f"datasets/{find_dataset(server, 'guided').id}")
    assert "As one tells a child." in found["guidelines"]


def test_reviews_by_rules_come_back_as_rules(owner: Connection, annotator: Annotator) -> None:
    items = [
        conversation(),
        conversation("It's 25 minutes, so you'll be quick."),
        conversation("Great question! You'd be over in 35 minutes, it's quick."),
    ]
    push_candidates(owner, "rules", items, TONE)
    expected: dict[tuple[str, str], Review] = {}
    for rule in RULE_REVIEWERS:
        account, connection = annotator(rule.name)
        reviews = [review_by_rule(item, rule) for item in items]
        assert submit(connection, "rules", reviews) == 3
        assert submit(connection, "rules", reviews) == 0
        expected |= {(r.subject, account.name): r for r in reviews}
    names = frozenset(name for _, name in expected)
    found = {(r.subject, r.reviewer): r for r in pull(owner, "rules", names.__contains__)}
    assert found.keys() == expected.keys()
    for key, review in found.items():
        assert review.answers == expected[key].answers
        assert review.edited == expected[key].edited
        assert review.reviewer_kind is ReviewerKind.RULE
        assert review.submitted_at.endswith("+00:00")
    assert sum(review.edited is not None for review in found.values()) == 1


@pytest.mark.parametrize(
    ("dataset", "answer", "spans", "edited"),
    [
        (
            "person",
            "Ça dure 25 minutes 🙂, so you'll be quick.",
            ((9, 19), (24, 28)),
            "It's 35 minutes.",
        ),
        (
            "person-ar",
            "تستغرق الرحلة 25 دقيقة، \u200fتقريبًا.",
            ((14, 22), (25, 32)),
            "تستغرق الرحلة 35 دقيقة.",
        ),
        (
            "person-zh",
            "渡轮大约需要25分钟，还挺快的。",
            ((6, 10), (11, 15)),
            "渡轮大约需要35分钟。",
        ),
    ],
)
def test_a_persons_spans_reasons_and_edit_come_back(
    owner: Connection,
    annotator: Annotator,
    dataset: str,
    answer: str,
    spans: tuple[tuple[int, int], tuple[int, int]],
    edited: str,
) -> None:
    item = conversation(answer)
    push_candidates(owner, dataset, [item], TONE)
    account, connection = annotator("ann")
    first, second = spans
    review = replace(
        person_review(
            item.candidate.id,
            wrong=(Span(*first, "contradicted"), Span(*second, "nonsense")),
            decision="reject",
            reasons=("unfaithful", "unnatural"),
        ),
        edited=edited,
    )
    submit(connection, dataset, [review])
    (found,) = pull(owner, dataset)
    assert found.reviewer == account.name
    assert found.reviewer_kind is ReviewerKind.PERSON
    assert found.answers == review.answers
    assert found.edited == edited


def test_the_unchanged_prefilled_text_is_not_an_edit(
    owner: Connection, annotator: Annotator
) -> None:
    item = conversation()
    push_candidates(owner, "untouched", [item], TONE)
    _, connection = annotator("ann")
    review = replace(person_review(item.candidate.id), edited=item.candidate.review_text + "\n")
    submit(connection, "untouched", [review])
    (found,) = pull(owner, "untouched")
    assert found.edited is None


def test_nul_is_replaced(owner: Connection, annotator: Annotator) -> None:
    item = conversation()
    push_candidates(owner, "nul", [item], TONE)
    _, connection = annotator("ann")
    submit(connection, "nul", [replace(person_review(item.candidate.id), edited="It's\0 35.")])
    assert [review.edited for review in pull(owner, "nul")] == ["It's\ufffd 35."]


def test_statements_and_dialogues_of_a_persona_share_a_dataset(
    owner: Connection, annotator: Annotator
) -> None:
    talk = dialogue("Will it be late?", "No hurry, I suppose.")
    items = [statement("There's no hurry out here."), talk]
    assert push_candidates(owner, "persona", items, PERSONA) == PushCount(2, 0)
    assert push_candidates(owner, "persona", items, PERSONA) == PushCount(0, 2)
    _, connection = annotator("ann")
    reviews = [review_by_rule(item, LISTENER, CUES) for item in items]
    edited = "User: Will it be late?\n\nAssistant: No hurry."
    assert submit(connection, "persona", [reviews[0], replace(reviews[1], edited=edited)]) == 2
    found = {review.subject: review for review in pull(owner, "persona")}
    assert found[talk.candidate.id].answer("traits") == ("dry", "patient")
    assert found[talk.candidate.id].edited == edited
    assert found[items[0].candidate.id].edited is None


def test_changed_and_deleted_responses_are_pulled(owner: Connection, annotator: Annotator) -> None:
    item = conversation()
    push_candidates(owner, "changing", [item], TONE)
    _, ann = annotator("ann")
    _, bob = annotator("bob")
    for connection in (ann, bob):
        submit(connection, "changing", [person_review(item.candidate.id)])
    submit(ann, "changing", [person_review(item.candidate.id, decision="reject")])
    assert sorted(str(r.answer("decision")) for r in pull(owner, "changing")) == [
        "approve",
        "reject",
    ]
    delete_response(ann, "changing", item.candidate.id)
    assert [r.answer("decision") for r in pull(owner, "changing")] == ["approve"]


def test_discarded_responses_are_pulled_and_drafts_are_not(
    owner: Connection, annotator: Annotator
) -> None:
    items = [conversation(), conversation("It's quick, you know.")]
    push_candidates(owner, "discarded", items, TONE)
    _, connection = annotator("ann")
    discarded = Review(
        subject=items[0].candidate.id,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.DISCARDED,
        answers=(),
    )
    submit(connection, "discarded", [discarded])
    assert submit(connection, "discarded", [discarded]) == 0
    with connect(connection) as server:
        found = find_dataset(server, "discarded")
        records = server.post(f"me/datasets/{found.id}/records/search", {})["items"]
        other = next(
            r["record"]["id"]
            for r in records
            if r["record"]["external_id"] == items[1].candidate.id
        )
        draft = {"record_id": other, "status": "draft", "values": {"tone": {"value": 2}}}
        server.post("me/responses/bulk", {"items": [draft]})
    assert [r.status for r in pull(owner, "discarded")] == [ReviewStatus.DISCARDED]


def test_the_api_hides_the_authors_of_a_comparison(owner: Connection, annotator: Annotator) -> None:
    items = [comparison(SPOKEN, f"The crossing takes 35 minutes, {n}.") for n in range(3)]
    assert push_comparisons(owner, "blind", items, TONE) == PushCount(3, 0)
    assert push_comparisons(owner, "blind", items, TONE) == PushCount(0, 3)
    _, connection = annotator("ann")
    with connect(connection) as server:
        found = find_dataset(server, "blind")
        seen = str(server.post(f"me/datasets/{found.id}/records/search", {}, include="suggestions"))
        seen += str(server.get("me/datasets"))
        seen += str(server.get(f"datasets/{found.id}/questions"))
    assert items[0].comparison.id in seen
    for item in items:
        assert item.comparison.left not in seen
        assert item.comparison.right not in seen
        assert item.comparison.prompt not in seen


def test_preferences_with_ties_come_back(owner: Connection, annotator: Annotator) -> None:
    items = [comparison(SPOKEN, ""), comparison(SPOKEN, SPOKEN, "Why?")]
    push_comparisons(owner, "preferred", items, TONE)
    _, connection = annotator("ann")
    submit(connection, "preferred", [review_by_rule(item, CHECKER) for item in items])
    found = {r.subject: r.answer("preference") for r in pull(owner, "preferred")}
    assert found == {items[0].comparison.id: "left", items[1].comparison.id: "tie"}


def test_a_flagged_comparison_comes_back(owner: Connection, annotator: Annotator) -> None:
    item = comparison(SPOKEN, "Her home address is 1 Quay Road.")
    push_comparisons(owner, "flagged", [item], TONE)
    _, connection = annotator("ann")
    discarded = Review(
        subject=item.comparison.id,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.DISCARDED,
        answers=(Answer("reasons", ("harmful",)),),
    )
    submit(connection, "flagged", [discarded])
    found = find_flags(pull(owner, "flagged"))
    assert [(flag.subject, flag.kind) for flag in found] == [(item.comparison.id, "harmful")]


def test_pushed_records_can_be_filtered_and_found_by_similarity(owner: Connection) -> None:
    near, far = (1.0, 0.1, 0.0, 0.0), (-1.0, 0.0, 0.2, 0.0)
    items = [
        replace(conversation(f"{SPOKEN} {n}"), vector=vector, metadata=(("tone_score", n / 10),))
        for n, vector in enumerate([near, near, far])
    ]
    push_candidates(owner, "filtered", items, TONE)
    with connect(owner) as server:
        found = find_dataset(server, "filtered")

        def ids(body: object) -> list[str]:
            answer = server.post(f"datasets/{found.id}/records/search", body)
            return [item["record"]["external_id"] for item in answer["items"]]

        scope = {"entity": "metadata", "metadata_property": "tone_score"}
        assert ids({"filters": {"and": [{"type": "range", "scope": scope, "ge": 0.15}]}}) == [
            items[2].candidate.id
        ]
        by_id = {
            i["record"]["external_id"]: i["record"]["id"]
            for i in server.post(f"datasets/{found.id}/records/search", {})["items"]
        }
        alike = {"name": "meaning", "record_id": by_id[items[0].candidate.id]}
        assert ids({"query": {"vector": alike}}) == [i.candidate.id for i in items[1:]]


def test_a_dataset_with_other_questions_is_rejected(owner: Connection) -> None:
    push_candidates(owner, "other", [conversation()], TONE)
    with pytest.raises(AnnotationError, match=r"“other” .* with different fields and questions"):
        push_comparisons(owner, "other", [comparison("a", "b")], TONE)
    with pytest.raises(AnnotationError, match="different reviewers per record"):
        push_candidates(owner, "other", [], replace(TONE, overlap=3))


def test_an_unpublished_dataset_is_created_again(owner: Connection) -> None:
    with connect(owner) as server:
        workspace = {w["name"]: w["id"] for w in server.get("me/workspaces")["items"]}
        draft = {"name": "unfinished", "workspace_id": workspace[owner.workspace]}
        server.post("datasets", draft)
    with pytest.raises(AnnotationError, match="no dataset “unfinished”"):
        list(pull(owner, "unfinished"))
    assert push_candidates(owner, "unfinished", [conversation()], TONE) == PushCount(1, 0)


def test_a_review_of_a_missing_record_is_rejected(owner: Connection, annotator: Annotator) -> None:
    push_candidates(owner, "gone", [conversation()], TONE)
    _, connection = annotator("ann")
    with pytest.raises(AnnotationError, match="has no record 0000"):
        submit(connection, "gone", [person_review("0" * 64)])


def test_an_answer_to_an_unknown_question_is_rejected(
    owner: Connection, annotator: Annotator
) -> None:
    item = conversation()
    push_candidates(owner, "unasked", [item], TONE)
    _, connection = annotator("ann")
    with pytest.raises(AnnotationError, match="rejected 1 of 1 responses"):
        submit(connection, "unasked", [person_review(item.candidate.id, colour="blue")])
    assert list(pull(owner, "unasked")) == []


def test_an_annotator_cannot_push(owner: Connection, annotator: Annotator) -> None:
    _, connection = annotator("ann")
    with pytest.raises(AnnotationError, match="the owner or an admin"):
        push_candidates(connection, "mine", [conversation()], TONE)


def test_an_annotator_of_another_workspace_is_rejected(owner: Connection) -> None:
    account = add_user(replace(owner, workspace=owner.workspace), "round-trip-visitor")
    elsewhere = replace(owner, api_key=account.api_key, workspace="elsewhere")
    with pytest.raises(AnnotationError, match="has no access to the workspace “elsewhere”"):
        submit(elsewhere, "again", [])


def test_an_existing_user_keeps_the_key(owner: Connection) -> None:
    account = add_user(owner, "round-trip-carol")
    assert len(account.password) >= 16
    again = add_user(owner, "round-trip-carol")
    assert (again.api_key, again.password) == (account.api_key, "")
    assert "round-trip-carol" in {account.name for account in list_users(owner)}
    with pytest.raises(AnnotationError, match="with the role annotator instead of admin"):
        add_user(owner, "round-trip-carol", UserRole.ADMIN)
    with pytest.raises(AnnotationError, match="needs at least 8"):
        add_user(owner, "round-trip-dave", password="short")


def test_a_rejected_key_is_reported(owner: Connection) -> None:
    with pytest.raises(AnnotationError, match="rejected the API key"):
        list(pull(replace(owner, api_key="was-once-valid"), "again"))


def test_many_reviews_are_submitted_in_batches(owner: Connection, annotator: Annotator) -> None:
    items = [conversation(f"{SPOKEN} Number {n}") for n in range(110)]
    push_candidates(owner, "many", items, TONE)
    _, connection = annotator("ann")
    progress = Progress()
    reviews = [review_by_rule(item, LISTENER) for item in items]
    assert submit(connection, "many", reviews, progress) == 110
    assert progress.calls == [(100, 110), (110, 110)]
    assert len(list(pull(owner, "many"))) == 110

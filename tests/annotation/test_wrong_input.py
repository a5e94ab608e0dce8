"""Changes that people make in Argilla itself, such as renamed users and deleted records."""

from collections.abc import Callable
from dataclasses import replace

import argilla as rg
import pytest

from annotation import pull as pull_module
from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection, connect, workspace_id
from annotation.argilla.datasets import find_dataset
from annotation.errors import AnnotationError
from annotation.pull import pull
from annotation.push import PushCount, push_candidates
from annotation.submit import submit
from db.records import Answer, Review, ReviewerKind, ReviewStatus
from tests.annotation.records import PERSONA, TONE, conversation

Annotator = Callable[[str], tuple[Account, Connection]]


def approval(subject: str) -> Review:
    values = {"decision": "approve", "faithful": "yes", "natural": "yes", "tone": 4}
    return Review(
        subject=subject,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(name, value) for name, value in values.items()),  # type: ignore[arg-type]
    )


def test_a_renamed_users_answers_have_the_new_name(owner: Connection, annotator: Annotator) -> None:
    item = conversation()
    push_candidates(owner, "renamed", [item], TONE)
    account, connection = annotator("maiden")
    submit(connection, "renamed", [approval(item.candidate.id)])
    assert [review.reviewer for review in pull(owner, "renamed")] == [account.name]
    with connect(owner) as server:
        users = {user["username"]: user["id"] for user in server.get("users")["items"]}
        server.patch(f"users/{users[account.name]}", {"username": "married"})
    (review,) = pull(owner, "renamed")
    assert review.reviewer == "married"
    assert review.answer("decision") == "approve"


def test_a_deleted_record_loses_its_answers(owner: Connection, annotator: Annotator) -> None:
    items = [conversation(), conversation("Half an hour, give or take.")]
    push_candidates(owner, "gone", items, TONE)
    _, connection = annotator("leaver")
    submit(connection, "gone", [approval(item.candidate.id) for item in items])
    with connect(owner) as server:
        dataset = find_dataset(server, "gone").id
        records = server.get(f"datasets/{dataset}/records")["items"]
        (gone,) = [r["id"] for r in records if r["external_id"] == items[0].candidate.id]
        server.delete(f"datasets/{dataset}/records", ids=gone)
    assert [review.subject for review in pull(owner, "gone")] == [items[1].candidate.id]
    with pytest.raises(AnnotationError, match="has no record"):
        submit(connection, "gone", [approval(items[0].candidate.id)])
    assert push_candidates(owner, "gone", items, TONE) == PushCount(1, 1)
    assert [review.subject for review in pull(owner, "gone")] == [items[1].candidate.id]


def test_deleting_a_record_during_a_pull_stops_the_pull(
    owner: Connection, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [conversation(f"It is {minutes} minutes.") for minutes in range(31, 38)]
    push_candidates(owner, "shifting", items, TONE)
    _, connection = annotator("shifter")
    submit(connection, "shifting", [approval(item.candidate.id) for item in items])
    monkeypatch.setattr(pull_module, "PAGE", 3)
    subjects = [review.subject for review in pull(owner, "shifting")]
    assert sorted(subjects) == sorted(item.candidate.id for item in items)
    pulled = pull(owner, "shifting")
    first = next(pulled)
    with connect(owner) as server:
        dataset = find_dataset(server, "shifting").id
        records = server.get(f"datasets/{dataset}/records")["items"]
        (gone,) = [r["id"] for r in records if r["external_id"] == first.subject]
        server.delete(f"datasets/{dataset}/records", ids=gone)
    with pytest.raises(AnnotationError, match="during the pull"):
        list(pulled)
    assert [review.subject for review in pull(owner, "shifting")] == subjects[1:]


def test_a_foreign_dataset_of_our_name_is_left_alone(owner: Connection) -> None:
    with connect(owner) as server:
        settings = rg.Settings(
            fields=[rg.TextField("text", client=server.client)],
            questions=[rg.LabelQuestion("mood", ["good", "bad"], client=server.client)],
        )
        workspace = server.client.workspaces(id=workspace_id(server))
        rg.Dataset("theirs", workspace=workspace, settings=settings, client=server.client).create()
    for settings in (TONE, PERSONA, replace(TONE, overlap=3)):
        with pytest.raises(AnnotationError, match="different fields and questions"):
            push_candidates(owner, "theirs", [conversation()], settings)
    assert list(pull(owner, "theirs")) == []


def test_a_removed_member_keeps_the_answers_and_submits_no_more(
    owner: Connection, annotator: Annotator
) -> None:
    items = [conversation(), conversation("Half an hour, give or take.")]
    push_candidates(owner, "outside", items, TONE)
    account, connection = annotator("parting")
    submit(connection, "outside", [approval(items[0].candidate.id)])
    with connect(owner) as server:
        members = f"workspaces/{workspace_id(server)}/users"
        ids = {user["username"]: user["id"] for user in server.get(members)["items"]}
        server.delete(f"{members}/{ids[account.name]}")
    with pytest.raises(
        AnnotationError, match=r"has no access to the workspace .* \(available workspaces: none\)"
    ):
        submit(connection, "outside", [approval(items[1].candidate.id)])
    assert [review.reviewer for review in pull(owner, "outside")] == [account.name]

"""A diff lists added, removed, edited and relabelled examples."""

from dataclasses import replace

import pytest

from db.erasure import erase
from db.records import Example, Interval, Message, Role, Version
from db.store import Store
from db.versions.contents import version_examples
from db.versions.diff import diff
from db.versions.freeze import Approval, freeze
from tests.db.approvals import PLAN, add_approvals
from tests.db.records import review, verdict


@pytest.fixture
def approvals(store: Store) -> list[Approval]:
    return add_approvals(store, range(40))


def examples_of(store: Store, version: Version) -> dict[str, Example]:
    return {example.candidate: example for example in version_examples(store, version)}


def review_again(store: Store, approval: Approval, edit: str | None) -> Approval:
    candidate, _, page = approval
    latest = review(candidate.id, "lin", edited=edit)
    decision = verdict(latest, text=edit)
    store.add([latest, decision])
    return Approval(candidate, decision, page)


def test_a_version_equals_itself(store: Store, approvals: list[Approval]) -> None:
    version = freeze(store, PLAN, approvals)
    result = diff(store, version, version)
    assert (result.added, result.removed, result.edited, result.relabelled) == ((), (), (), ())
    assert result.unchanged == 80


def test_examples_in_one_version_only_are_added_or_removed(
    store: Store, approvals: list[Approval]
) -> None:
    first = freeze(store, PLAN, approvals[2:])
    second = freeze(store, PLAN, approvals[:-1])
    result = diff(store, first, second)
    added = {examples_of(store, second)[c.id].id for c, _, _ in approvals[:2]}
    removed = {examples_of(store, first)[c.id].id for c, _, _ in approvals[-1:]}
    assert (set(result.added), set(result.removed)) == (added, removed)
    assert result.unchanged == 77
    back = diff(store, second, first)
    assert (back.added, back.removed) == (result.removed, result.added)


def test_edits_and_label_changes_are_distinguished(store: Store, approvals: list[Approval]) -> None:
    first = freeze(store, PLAN, approvals)
    edited = review_again(store, approvals[0], "My own words.")
    relabelled = review_again(store, approvals[1], None)
    second = freeze(store, PLAN, [edited, relabelled, *approvals[2:]])
    result = diff(store, first, second)
    (edit,) = result.edited
    assert edit.candidate == approvals[0][0].id
    assert edit.fields == ("messages", "verdict")
    assert (edit.before, edit.after) == tuple(
        examples_of(store, version)[edit.candidate].id for version in (first, second)
    )
    after = store.get(Example, edit.after)
    assert after is not None
    assert after.messages[-1] == Message(Role.ASSISTANT, "My own words.")
    (label,) = result.relabelled
    assert (label.candidate, label.fields) == (approvals[1][0].id, ("verdict",))
    assert (result.added, result.removed, result.unchanged) == ((), (), 78)


def test_examples_that_change_splits_are_relabelled(
    store: Store, approvals: list[Approval]
) -> None:
    first = freeze(store, PLAN, approvals)
    second = freeze(store, replace(PLAN, salt="salt"), approvals)
    result = diff(store, first, second)
    assert {change.fields for change in result.relabelled} == {("split",)}
    assert 0 < len(result.relabelled) < 80
    assert len(result.relabelled) + result.unchanged == 80


def test_stored_agreement_is_compared(store: Store, approvals: list[Approval]) -> None:
    agreement = Interval(0.25, 0.5, 0.75)
    first = freeze(store, PLAN, approvals[1:])
    second = freeze(store, replace(PLAN, agreement=agreement), approvals)
    assert diff(store, first, second).agreement == (None, agreement)


def test_erased_examples_count_as_removed(store: Store, approvals: list[Approval]) -> None:
    first = freeze(store, PLAN, approvals)
    second = freeze(store, PLAN, approvals[2:])
    assert approvals[0][2] is not None
    erased = {examples_of(store, first)[c.id].id for c, _, _ in approvals[:2]}
    erase(store, article=approvals[0][2])
    result = diff(store, first, second)
    assert set(result.removed) == erased
    assert result.unchanged == 78

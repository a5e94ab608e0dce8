"""A diff names what was added, removed, edited and relabelled."""

from dataclasses import replace

import pytest

from db.diff import diff
from db.erasure import erase
from db.records import Example, Interval, Message, Role, Version
from db.store import Store
from db.versions import Approved, freeze, version_examples
from tests.db.frozen import PLAN, judge
from tests.db.made import review, verdict


@pytest.fixture
def approved(store: Store) -> list[Approved]:
    return judge(store, range(40))


def examples_of(store: Store, version: Version) -> dict[str, Example]:
    return {example.candidate: example for example in version_examples(store, version)}


def judged_again(store: Store, approved: Approved, edit: str | None) -> Approved:
    candidate, _, page = approved
    said = review(candidate.id, "lin", edited=edit)
    ruling = verdict(said, text=edit)
    store.add([said, ruling])
    return candidate, ruling, page


def test_a_version_does_not_differ_from_itself(store: Store, approved: list[Approved]) -> None:
    version = freeze(store, PLAN, approved)
    found = diff(store, version, version)
    assert (found.added, found.removed, found.edited, found.relabelled) == ((), (), (), ())
    assert found.unchanged == 80


def test_what_only_one_version_has_was_added_or_removed(
    store: Store, approved: list[Approved]
) -> None:
    first = freeze(store, PLAN, approved[2:])
    second = freeze(store, PLAN, approved[:-1])
    found = diff(store, first, second)
    added = {examples_of(store, second)[c.id].id for c, _, _ in approved[:2]}
    removed = {examples_of(store, first)[c.id].id for c, _, _ in approved[-1:]}
    assert (set(found.added), set(found.removed)) == (added, removed)
    assert found.unchanged == 77
    back = diff(store, second, first)
    assert (back.added, back.removed) == (found.removed, found.added)


def test_an_edit_and_another_label_are_told_apart(store: Store, approved: list[Approved]) -> None:
    first = freeze(store, PLAN, approved)
    edited = judged_again(store, approved[0], "My own words.")
    relabelled = judged_again(store, approved[1], None)
    second = freeze(store, PLAN, [edited, relabelled, *approved[2:]])
    found = diff(store, first, second)
    (edit,) = found.edited
    assert edit.candidate == approved[0][0].id
    assert edit.fields == ("messages", "verdict")
    assert (edit.before, edit.after) == tuple(
        examples_of(store, version)[edit.candidate].id for version in (first, second)
    )
    after = store.get(Example, edit.after)
    assert after is not None
    assert after.messages[-1] == Message(Role.ASSISTANT, "My own words.")
    (label,) = found.relabelled
    assert (label.candidate, label.fields) == (approved[1][0].id, ("verdict",))
    assert (found.added, found.removed, found.unchanged) == ((), (), 78)


def test_another_salt_relabels_what_changes_sides(store: Store, approved: list[Approved]) -> None:
    first = freeze(store, PLAN, approved)
    second = freeze(store, replace(PLAN, salt="salt"), approved)
    found = diff(store, first, second)
    assert {change.fields for change in found.relabelled} == {("split",)}
    assert 0 < len(found.relabelled) < 80
    assert len(found.relabelled) + found.unchanged == 80


def test_agreement_before_and_after_is_told_where_it_was_kept(
    store: Store, approved: list[Approved]
) -> None:
    agreement = Interval(0.25, 0.5, 0.75)
    first = freeze(store, PLAN, approved[1:])
    second = freeze(store, replace(PLAN, agreement=agreement), approved)
    assert diff(store, first, second).agreement == (None, agreement)


def test_what_was_erased_still_counts(store: Store, approved: list[Approved]) -> None:
    first = freeze(store, PLAN, approved)
    second = freeze(store, PLAN, approved[2:])
    assert approved[0][2] is not None
    gone = {examples_of(store, first)[c.id].id for c, _, _ in approved[:2]}
    erase(store, article=approved[0][2])
    found = diff(store, first, second)
    assert set(found.removed) == gone
    assert found.unchanged == 78

"""What counts is what a reviewer says now; what was said before is kept."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from db.errors import StoreError
from db.records import Event, EventKind, Review, digest
from db.reviews import Reconciled
from db.store import Store
from tests.db.made import review

DATASET = "tone-candidates"
FIRST, SECOND = digest("first"), digest("second")


def said(store: Store, **where: object) -> set[tuple[str, str, object]]:
    return {(r.subject, r.reviewer, r.answer("decision")) for r in store.current_reviews(**where)}


def test_a_pull_of_new_answers_adds_them_and_the_same_again_nothing(store: Store) -> None:
    pulled = [review(FIRST, "ada"), review(FIRST, "grace"), review(SECOND, "ada", "reject")]
    assert store.reconcile_reviews(DATASET, pulled, "t1") == Reconciled(3, 0, 0, 0)
    assert list(store.current_reviews()) == pulled
    before = store.count(Event)
    assert store.reconcile_reviews(DATASET, pulled, "t2") == Reconciled(0, 0, 0, 3)
    assert store.count(Event) == before


def test_an_answer_changed_and_changed_back_counts_as_it_is_now(store: Store) -> None:
    approve, reject = review(FIRST), review(FIRST, decision="reject")
    for at, (now, counts) in enumerate(
        [
            (approve, Reconciled(1, 0, 0, 0)),
            (reject, Reconciled(0, 1, 0, 0)),
            (approve, Reconciled(0, 1, 0, 0)),
        ]
    ):
        assert store.reconcile_reviews(DATASET, [now], f"t{at}") == counts
        assert list(store.current_reviews()) == [now]
    assert store.count(Review) == 2
    assert [event.at for event in store.events(approve.id)] == ["t0", "t2"]


def test_a_deleted_answer_leaves_a_tombstone_and_not_the_answer_before_it(store: Store) -> None:
    before, latest = review(FIRST, decision="reject"), review(FIRST)
    store.reconcile_reviews(DATASET, [before], "t1")
    store.reconcile_reviews(DATASET, [latest, review(SECOND)], "t2")
    assert store.reconcile_reviews(DATASET, [review(SECOND)], "t3") == Reconciled(0, 0, 1, 1)
    assert said(store) == {(SECOND, "ada", "approve")}
    assert store.count(Review, subject=FIRST) == 2
    assert store.events(latest.id)[-1].kind is EventKind.DELETED
    assert store.reconcile_reviews(DATASET, [review(SECOND)], "t4").deleted == 0


def test_a_pull_of_some_subjects_leaves_the_others_as_they_are(store: Store) -> None:
    store.reconcile_reviews(DATASET, [review(FIRST), review(SECOND)], "t1")
    found = store.reconcile_reviews(DATASET, [], "t2", frozenset({FIRST}))
    assert found == Reconciled(0, 0, 1, 0)
    assert said(store) == {(SECOND, "ada", "approve")}


def test_an_answer_given_again_after_its_deletion_counts(store: Store) -> None:
    answer = review(FIRST)
    store.reconcile_reviews(DATASET, [answer], "t1")
    store.reconcile_reviews(DATASET, [], "t2")
    assert list(store.current_reviews()) == []
    assert store.reconcile_reviews(DATASET, [answer], "t3") == Reconciled(1, 0, 0, 0)
    assert list(store.current_reviews()) == [answer]


def test_only_the_dataset_that_was_pulled_is_brought_up_to_date(store: Store) -> None:
    store.reconcile_reviews(DATASET, [review(FIRST)], "t1")
    output = replace(review(SECOND, decision="left"), dataset="tone-outputs")
    store.reconcile_reviews("tone-outputs", [output], "t2")
    assert store.reconcile_reviews(DATASET, [], "t3") == Reconciled(0, 0, 1, 0)
    assert said(store) == {(SECOND, "ada", "left")}
    assert said(store, dataset="tone-outputs") == {(SECOND, "ada", "left")}
    assert said(store, dataset=DATASET) == set()


def test_the_same_answer_in_another_dataset_is_that_dataset_s_too(store: Store) -> None:
    answer = review(FIRST)
    store.reconcile_reviews(DATASET, [answer], "t1")
    assert store.reconcile_reviews("later", [answer], "t2") == Reconciled(1, 0, 0, 0)
    assert store.reconcile_reviews("later", [], "t3") == Reconciled(0, 0, 1, 0)


def test_answers_added_without_an_event_count_until_one_comes(store: Store) -> None:
    first, changed = review(FIRST, decision="reject"), review(FIRST)
    store.add([first, changed])
    assert list(store.current_reviews()) == [changed]
    assert store.reconcile_reviews(DATASET, [changed], "t1").unchanged == 1
    assert store.reconcile_reviews(DATASET, [], "t2").deleted == 1
    assert list(store.current_reviews()) == []


def test_current_reviews_meet_conditions_after_the_latest_is_found(store: Store) -> None:
    store.reconcile_reviews(DATASET, [review(FIRST, decision="reject")], "t1")
    moved = replace(review(FIRST), dataset="later")
    store.reconcile_reviews("later", [moved], "t2")
    assert list(store.current_reviews(dataset=DATASET)) == []
    assert list(store.current_reviews(subject=(FIRST, SECOND), reviewer="ada")) == [moved]


def test_a_pull_that_breaks_off_deletes_nothing(store: Store) -> None:
    store.reconcile_reviews(DATASET, [review(FIRST), review(SECOND)], "t1")

    def broken() -> Iterator[Review]:
        yield review(FIRST, decision="reject")
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        store.reconcile_reviews(DATASET, broken(), "t2")
    assert said(store) == {(FIRST, "ada", "approve"), (SECOND, "ada", "approve")}


def test_a_pull_at_a_time_that_was_used_changes_nothing(store: Store) -> None:
    store.reconcile_reviews(DATASET, [review(FIRST)], "t1")
    store.reconcile_reviews(DATASET, [], "t2")
    with pytest.raises(StoreError, match="expected a later time"):
        store.reconcile_reviews(DATASET, [review(FIRST), review(SECOND)], "t1")
    assert list(store.current_reviews()) == []
    assert store.count(Review) == 1


def test_two_answers_of_one_reviewer_to_one_record_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="found two answers of one reviewer"):
        store.reconcile_reviews(DATASET, [review(FIRST), review(FIRST, decision="no")], "t1")


class Pulls(RuleBasedStateMachine):
    """A model of a server whose answers come and go, beside the store that follows it."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.dataset = digest(str(id(self)) + str(self.store.count(Review)))
        self.now: dict[tuple[str, str], Review] = {}
        self.clock = self.store.count(Event)

    @rule(subject=st.sampled_from("ab"), who=st.sampled_from("xy"), answer=st.sampled_from("12"))
    def submit(self, subject: str, who: str, answer: str) -> None:
        made = review(digest(self.dataset + subject), who, answer)
        self.now[subject, who] = replace(made, dataset=self.dataset)

    @rule(subject=st.sampled_from("ab"), who=st.sampled_from("xy"))
    def delete(self, subject: str, who: str) -> None:
        self.now.pop((subject, who), None)

    @rule()
    def pull(self) -> None:
        before = list(self.store.stream(Event))
        self.clock += 1
        at = f"{self.dataset} {self.clock:09}"
        counts = self.store.reconcile_reviews(self.dataset, self.now.values(), at)
        assert counts.new + counts.changed + counts.unchanged == len(self.now)
        current = {r.id for r in self.store.current_reviews(dataset=self.dataset)}
        assert current == {r.id for r in self.now.values()}
        assert list(self.store.stream(Event))[: len(before)] == before

    @invariant()
    def nothing_said_is_forgotten(self) -> None:
        assert self.store.count(Review) >= self.store.count(Review, dataset=self.dataset)


def test_whatever_comes_and_goes_the_store_follows_and_only_appends(store: Store) -> None:
    machine = type("PullsOfStore", (Pulls,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=12, suppress_health_check=list(HealthCheck)
        ),
    )

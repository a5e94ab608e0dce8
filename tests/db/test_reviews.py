"""The latest answers count, and earlier ones stay stored."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from db.errors import StoreError
from db.records import Event, EventKind, Review, digest
from db.reviews import Reconciliation, current_reviews, reconcile_reviews
from db.store import Store
from tests.db.records import review

DATASET = "tone-candidates"
FIRST, SECOND = digest("first"), digest("second")


def answers(store: Store, **where: object) -> set[tuple[str, str, object]]:
    return {(r.subject, r.reviewer, r.answer("decision")) for r in current_reviews(store, **where)}


def test_a_pull_adds_new_answers_and_a_repeated_pull_nothing(store: Store) -> None:
    pulled = [review(FIRST, "ada"), review(FIRST, "grace"), review(SECOND, "ada", "reject")]
    assert reconcile_reviews(store, DATASET, pulled, "t1") == Reconciliation(3, 0, 0, 0)
    assert list(current_reviews(store)) == pulled
    before = store.count(Event)
    assert reconcile_reviews(store, DATASET, pulled, "t2") == Reconciliation(0, 0, 0, 3)
    assert store.count(Event) == before


def test_an_answer_changed_back_counts_again(store: Store) -> None:
    approve, reject = review(FIRST), review(FIRST, decision="reject")
    for at, (now, counts) in enumerate(
        [
            (approve, Reconciliation(1, 0, 0, 0)),
            (reject, Reconciliation(0, 1, 0, 0)),
            (approve, Reconciliation(0, 1, 0, 0)),
        ]
    ):
        assert reconcile_reviews(store, DATASET, [now], f"t{at}") == counts
        assert list(current_reviews(store)) == [now]
    assert store.count(Review) == 2
    assert [event.at for event in store.events(approve.id)] == ["t0", "t2"]


def test_deleting_an_answer_does_not_revive_the_previous_one(store: Store) -> None:
    before, latest = review(FIRST, decision="reject"), review(FIRST)
    reconcile_reviews(store, DATASET, [before], "t1")
    reconcile_reviews(store, DATASET, [latest, review(SECOND)], "t2")
    assert reconcile_reviews(store, DATASET, [review(SECOND)], "t3") == Reconciliation(0, 0, 1, 1)
    assert answers(store) == {(SECOND, "ada", "approve")}
    assert store.count(Review, subject=FIRST) == 2
    assert store.events(latest.id)[-1].kind is EventKind.DELETED
    assert reconcile_reviews(store, DATASET, [review(SECOND)], "t4").deleted == 0


def test_a_pull_of_some_subjects_leaves_the_others_unchanged(store: Store) -> None:
    reconcile_reviews(store, DATASET, [review(FIRST), review(SECOND)], "t1")
    counts = reconcile_reviews(store, DATASET, [], "t2", frozenset({FIRST}))
    assert counts == Reconciliation(0, 0, 1, 0)
    assert answers(store) == {(SECOND, "ada", "approve")}


def test_an_answer_resubmitted_after_deletion_counts(store: Store) -> None:
    answer = review(FIRST)
    reconcile_reviews(store, DATASET, [answer], "t1")
    reconcile_reviews(store, DATASET, [], "t2")
    assert list(current_reviews(store)) == []
    assert reconcile_reviews(store, DATASET, [answer], "t3") == Reconciliation(1, 0, 0, 0)
    assert list(current_reviews(store)) == [answer]


def test_a_pull_changes_only_its_dataset(store: Store) -> None:
    reconcile_reviews(store, DATASET, [review(FIRST)], "t1")
    output = replace(review(SECOND, decision="left"), dataset="tone-outputs")
    reconcile_reviews(store, "tone-outputs", [output], "t2")
    assert reconcile_reviews(store, DATASET, [], "t3") == Reconciliation(0, 0, 1, 0)
    assert answers(store) == {(SECOND, "ada", "left")}
    assert answers(store, dataset="tone-outputs") == {(SECOND, "ada", "left")}
    assert answers(store, dataset=DATASET) == set()


def test_the_same_answer_in_two_datasets_counts_in_both(store: Store) -> None:
    answer = review(FIRST)
    reconcile_reviews(store, DATASET, [answer], "t1")
    assert reconcile_reviews(store, "later", [answer], "t2") == Reconciliation(1, 0, 0, 0)
    assert reconcile_reviews(store, "later", [], "t3") == Reconciliation(0, 0, 1, 0)


def test_answers_without_an_event_count_until_they_get_one(store: Store) -> None:
    first, changed = review(FIRST, decision="reject"), review(FIRST)
    store.add([first, changed])
    assert list(current_reviews(store)) == [changed]
    assert reconcile_reviews(store, DATASET, [changed], "t1").unchanged == 1
    assert reconcile_reviews(store, DATASET, [], "t2").deleted == 1
    assert list(current_reviews(store)) == []


def test_conditions_apply_after_the_latest_review_is_chosen(store: Store) -> None:
    reconcile_reviews(store, DATASET, [review(FIRST, decision="reject")], "t1")
    moved = replace(review(FIRST), dataset="later")
    reconcile_reviews(store, "later", [moved], "t2")
    assert list(current_reviews(store, dataset=DATASET)) == []
    assert list(current_reviews(store, subject=(FIRST, SECOND), reviewer="ada")) == [moved]


def test_an_interrupted_pull_changes_nothing(store: Store) -> None:
    reconcile_reviews(store, DATASET, [review(FIRST), review(SECOND)], "t1")

    def interrupted() -> Iterator[Review]:
        yield review(FIRST, decision="reject")
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        reconcile_reviews(store, DATASET, interrupted(), "t2")
    assert answers(store) == {(FIRST, "ada", "approve"), (SECOND, "ada", "approve")}


def test_a_second_pull_at_the_same_time_fails(store: Store) -> None:
    reconcile_reviews(store, DATASET, [review(FIRST)], "t1")
    reconcile_reviews(store, DATASET, [], "t2")
    with pytest.raises(StoreError, match=r"has the same timestamp \(t1\)"):
        reconcile_reviews(store, DATASET, [review(FIRST), review(SECOND)], "t1")
    assert list(current_reviews(store)) == []
    assert store.count(Review) == 1


def test_two_answers_by_one_reviewer_to_one_record_fail(store: Store) -> None:
    with pytest.raises(StoreError, match="A reviewer answered the same record of"):
        reconcile_reviews(store, DATASET, [review(FIRST), review(FIRST, decision="no")], "t1")


class Pulls(RuleBasedStateMachine):
    """A server whose answers come and go, and the store that follows it."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.dataset = digest(str(id(self)) + str(self.store.count(Review)))
        self.now: dict[tuple[str, str], Review] = {}
        self.clock = self.store.count(Event)

    @rule(subject=st.sampled_from("ab"), who=st.sampled_from("xy"), answer=st.sampled_from("12"))
    def submit(self, subject: str, who: str, answer: str) -> None:
        latest = review(digest(self.dataset + subject), who, answer)
        self.now[subject, who] = replace(latest, dataset=self.dataset)

    @rule(subject=st.sampled_from("ab"), who=st.sampled_from("xy"))
    def delete(self, subject: str, who: str) -> None:
        self.now.pop((subject, who), None)

    @rule()
    def pull(self) -> None:
        before = list(self.store.stream(Event))
        self.clock += 1
        at = f"{self.dataset} {self.clock:09}"
        counts = reconcile_reviews(self.store, self.dataset, self.now.values(), at)
        assert counts.new + counts.changed + counts.unchanged == len(self.now)
        current = {r.id for r in current_reviews(self.store, dataset=self.dataset)}
        assert current == {r.id for r in self.now.values()}
        assert list(self.store.stream(Event))[: len(before)] == before

    @invariant()
    def every_answer_stays_stored(self) -> None:
        assert self.store.count(Review) >= self.store.count(Review, dataset=self.dataset)


def test_the_store_follows_any_sequence_of_answers_and_only_appends(store: Store) -> None:
    machine = type("PullsOfStore", (Pulls,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=12, suppress_health_check=list(HealthCheck)
        ),
    )

"""The store adds records once, finds them and streams them in order."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from db.errors import StoreError
from db.records import (
    Article,
    Candidate,
    Event,
    EventKind,
    Message,
    Passage,
    Record,
    Rejection,
    Review,
    Role,
    Run,
    canonical,
)
from db.sql.tables import TABLES
from db.store import Store
from tests.db.records import (
    article,
    conversation,
    dialogue,
    one_of_each,
    passage,
    review,
    statement,
)


def rejections(count: int) -> Iterator[Rejection]:
    for number in range(count):
        yield Rejection(scope="s", stage="reader", subject=f"{number:06}", reason="redirect")


def event(subject: str, kind: EventKind, at: str) -> Event:
    return Event(subject=subject, kind=kind, at=at)


def test_a_record_added_twice_is_stored_once(store: Store) -> None:
    page = article()
    assert store.add([page, passage(page), page]) == 2
    assert store.add([page, passage(page), passage(page, 1)]) == 1
    assert store.count(Article) == 1
    assert store.count(Passage) == 2


def test_records_can_be_added_in_any_order(store: Store) -> None:
    page = article()
    part = passage(page)
    assert store.add([conversation(part), part, page]) == 3


def test_an_empty_store_returns_nothing(store: Store) -> None:
    assert list(store.stream(Article)) == []
    assert store.get(Article, "0" * 64) is None
    assert store.count(Review) == 0
    assert store.add([]) == 0


def test_records_are_streamed_in_insertion_order(store: Store) -> None:
    pages = [article(number) for number in (5, 3, 9, 1)]
    store.add(pages)
    store.add(reversed(pages))
    assert list(store.stream(Article)) == pages


def test_more_records_than_a_batch_are_streamed_in_order(store: Store) -> None:
    assert store.add(rejections(5001)) == 5001
    assert [r.subject for r in store.stream(Rejection)] == [f"{n:06}" for n in range(5001)]


def test_a_stream_leaves_out_records_added_after_its_start(store: Store) -> None:
    store.add(rejections(3))
    for number, rejection in enumerate(store.stream(Rejection)):
        assert number < 3
        store.add([Rejection(scope="s", stage="again", subject=rejection.subject, reason="r")])
    assert store.count(Rejection) == 6


def test_a_stream_applies_conditions(store: Store) -> None:
    store.add([dialogue(1), statement(1), statement(2)])
    assert [c.text for c in store.stream(Candidate, kind="statement")] == [
        "I keep light number 1.",
        "I keep light number 2.",
    ]
    assert list(store.stream(Candidate, kind="statement", campaign="tone")) == []
    assert store.count(Candidate, campaign="persona", persona="keeper") == 3
    assert store.count(Candidate, passage=None) == 3


def test_a_condition_can_have_any_number_of_values(store: Store) -> None:
    store.add(rejections(10))
    subjects = tuple(f"{number:06}" for number in range(5, 70_000))
    assert store.count(Rejection, subject=subjects) == 5
    assert [r.subject for r in store.stream(Rejection, subject=("000003", "nothing"))] == ["000003"]
    assert store.count(Rejection, subject=()) == 0
    assert store.count(Candidate, passage=(None, "x")) == 0


def test_a_condition_on_an_unknown_column_fails(store: Store) -> None:
    with pytest.raises(TypeError, match="no column “colour”"):
        list(store.stream(Article, colour="red"))


def test_adding_an_unknown_type_fails(store: Store) -> None:
    with pytest.raises(TypeError, match="isn't a record type"):
        store.add([Record()])


def test_a_stream_uses_constant_memory(store: Store) -> None:
    def peak(conditions: dict[str, object]) -> int:
        tracemalloc.start()
        for _ in store.stream(Rejection, **conditions):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    store.add(rejections(12_000))
    few: dict[str, object] = {"subject": tuple(f"{n:06}" for n in range(3000))}
    peak(few)
    assert peak({}) < 2 * peak(few)


def test_adding_reads_one_batch_ahead(store: Store) -> None:
    read = 0

    def read_slowly() -> Iterator[Rejection]:
        nonlocal read
        for rejection in rejections(6000):
            read += 1
            if read == 4500:
                assert store.count(Rejection) == 4000
            yield rejection

    assert store.add(read_slowly()) == 6000


def test_a_record_is_found_by_an_id_prefix(store: Store) -> None:
    page = article()
    part = passage(page)
    store.add([page, part])
    assert store.find(Record, page.id[:8]) == page
    assert store.find(Record, part.id[:6].upper()) == part
    assert store.find(Record, part.id) == part


def test_finding_an_unknown_or_malformed_id_fails(store: Store) -> None:
    store.add(rejections(3000))
    with pytest.raises(StoreError, match="No record id starts with “000000”"):
        store.find(Record, "000000")
    for unclear in ("abc", "not an id", ""):
        with pytest.raises(StoreError, match="Enter at least the first 6"):
            store.find(Record, unclear)


def test_finding_an_ambiguous_prefix_lists_the_matches(store: Store) -> None:
    with store.writing() as connection:
        for digits in ("abcdef0", "abcdef1"):
            row = {"id": digits, "subject": "s", "kind": "pushed", "at": "t", "detail": "{}"}
            connection.execute(TABLES[Event].insert(), row)
    with pytest.raises(StoreError, match="start with “abcdef”: Event abcdef0, Event abcdef1"):
        store.find(Record, "abcdef")


def test_finding_a_record_of_another_type_names_both_types(store: Store) -> None:
    page = article()
    store.add([page])
    assert store.find(Article, page.id[:8]) == page
    with pytest.raises(StoreError, match=r"has type article[.] Enter .* type run"):
        store.find(Run, page.id[:8])


def test_requiring_a_missing_record_fails(store: Store) -> None:
    page = article()
    store.add([page])
    assert store.require(Article, page.id) == page
    with pytest.raises(StoreError, match="The run 000000000000 isn't in the store"):
        store.require(Run, "0" * 64)
    assert store.size() == 1


def test_events_are_ordered_oldest_first(store: Store) -> None:
    happened = [
        event("run", EventKind.STARTED, "2026-01-01"),
        event("run", EventKind.FAILED, "2026-01-02"),
        event("run", EventKind.STARTED, "2026-01-03"),
    ]
    store.add([*happened, event("another", EventKind.PUSHED, "2026-01-01")])
    assert store.events("run") == happened


def test_no_row_can_be_updated(store: Store) -> None:
    store.add(one_of_each())
    for kind, table in TABLES.items():
        assert store.count(kind) == 1
        with pytest.raises(DBAPIError, match="never changed"), store.writing() as connection:
            connection.execute(table.update().values(id="another"))


def test_events_cannot_be_deleted(store: Store) -> None:
    store.add([event("x", EventKind.PUSHED, "t")])
    with pytest.raises(DBAPIError, match="never changed"), store.writing() as connection:
        connection.execute(TABLES[Event].delete())
    assert store.count(Event) == 1


def test_adding_a_record_without_its_parent_fails(store: Store) -> None:
    with pytest.raises(StoreError, match="refers to a record that doesn't exist"):
        store.add([passage(article())])
    assert store.count(Passage) == 0


def test_a_failed_batch_stores_nothing(store: Store) -> None:
    page = article()
    with pytest.raises(StoreError):
        store.add([page, passage(page), passage(article(1))])
    assert store.count(Article) == store.count(Passage) == 0


def test_both_databases_hold_the_same_json(store: Store) -> None:
    answer = review("0" * 64)
    store.add([answer])
    with store.reading() as connection:
        stored = connection.scalar(select(TABLES[Review].c.answers))
    assert stored == canonical(
        [{"question": "decision", "value": "approve"}, {"question": "rating", "value": 4}]
    )


def test_a_turn_without_loss_is_stored(store: Store) -> None:
    silent = Message(Role.ASSISTANT, "Go away.", has_loss=False)
    record = replace(dialogue(), messages=(Message(Role.USER, "Hi"), silent))
    store.add([record])
    assert store.require(Candidate, record.id) == record
    assert record.id != replace(record, messages=dialogue().messages).id

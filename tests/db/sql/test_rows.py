"""Records round-trip through both databases."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.errors import StoreError
from db.identity import field_names
from db.records import Answer, Article, Event, EventKind, Measure, Record, Review, Span
from db.sql.tables import TABLES
from db.store import Store
from tests.db.records import related_records, review, standalone

# Each example adds to the one store of its test, which only makes the test harder.
SHARED_STORE = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_same(stored: Record | None, record: Record) -> None:
    assert stored is not None
    assert stored == record
    assert type(stored) is type(record)
    assert recompute_id_from_fields(stored) == record.id


def recompute_id_from_fields(record: Record) -> str:
    return type(record)(**{n: getattr(record, n) for n in field_names(type(record))}).id


@SHARED_STORE
@given(data=st.data())
@pytest.mark.parametrize("kind", standalone, ids=lambda kind: kind.__name__)
def test_a_standalone_record_round_trips(
    store: Store, kind: type[Record], data: st.DataObject
) -> None:
    record = data.draw(standalone[kind])
    existing = store.get(kind, record.id)
    assert store.add([record]) == (existing is None)
    # The fields outside the id keep their first values.
    assert_same(store.get(kind, record.id), existing or record)


@SHARED_STORE
@given(family=related_records())
def test_related_records_round_trip_in_any_order(store: Store, family: tuple[Record, ...]) -> None:
    store.add(reversed(family))
    for record in family:
        stored = store.get(type(record), record.id)
        assert stored is not None
        assert stored.id == record.id == recompute_id_from_fields(stored)


def test_the_strategies_cover_every_record_type() -> None:
    family: set[type[Record]] = set()

    @settings(max_examples=1)
    @given(related_records())
    def collect(drawn: tuple[Record, ...]) -> None:
        family.update(type(record) for record in drawn)

    collect()
    assert set(standalone) | family == set(TABLES)


def test_the_columns_of_a_table_are_the_fields_of_its_record() -> None:
    for kind, table in TABLES.items():
        names = {"seq", "id", *field_names(kind)}
        assert set(table.c.keys()) == names


def test_a_nul_character_is_rejected(store: Store) -> None:
    with pytest.raises(StoreError, match="contains a NUL character"):
        store.add([Event(subject="a\0b", kind=EventKind.PUSHED, at="now")])


def test_a_lone_surrogate_is_rejected(store: Store) -> None:
    with pytest.raises(StoreError, match="half of a surrogate pair"):
        store.add([Article(url="u", revision="1", digest="d", title="\ud800")])


def test_nan_is_rejected(store: Store) -> None:
    with pytest.raises(StoreError, match="NaN values can't be stored"):
        store.add([Measure(subject="s", name="n", source="v1", value=float("nan"))])


def test_labels_and_spans_round_trip(store: Store) -> None:
    answer = replace(
        review("0" * 64),
        answers=(
            Answer("labels", ("calm", "dry")),
            Answer("marked", (Span(1, 4, "tone"),)),
            Answer("none", ()),
        ),
    )
    store.add([answer])
    assert store.get(Review, answer.id) == answer

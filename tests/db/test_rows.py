"""Any record comes back from either database as it went in."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.errors import StoreError
from db.records import Answer, Article, Event, EventKind, Measure, Record, Review, Span, field_names
from db.store import Store
from db.tables import TABLES
from tests.db.made import families, review, strangers

# Each example adds to the one store of its test, which only makes the test harder.
SHARED_STORE = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_same(found: Record | None, record: Record) -> None:
    assert found is not None
    assert found == record
    assert type(found) is type(record)
    assert digest_again(found) == record.id


def digest_again(record: Record) -> str:
    return type(record)(**{n: getattr(record, n) for n in field_names(type(record))}).id


@SHARED_STORE
@given(data=st.data())
@pytest.mark.parametrize("kind", strangers, ids=lambda kind: kind.__name__)
def test_a_record_comes_back_as_it_went_in(
    store: Store, kind: type[Record], data: st.DataObject
) -> None:
    record = data.draw(strangers[kind])
    had = store.get(kind, record.id)
    assert store.add([record]) == (had is None)
    # What does not name a record is kept as it first came.
    assert_same(store.get(kind, record.id), had or record)


@SHARED_STORE
@given(family=families())
def test_records_that_refer_to_one_another_come_back_whatever_their_order(
    store: Store, family: tuple[Record, ...]
) -> None:
    store.add(reversed(family))
    for record in family:
        found = store.get(type(record), record.id)
        assert found is not None
        assert found.id == record.id == digest_again(found)


def test_every_record_type_is_round_tripped() -> None:
    family: set[type[Record]] = set()

    @settings(max_examples=1)
    @given(families())
    def look(drawn: tuple[Record, ...]) -> None:
        family.update(type(record) for record in drawn)

    look()
    assert set(strangers) | family == set(TABLES)


def test_the_columns_of_a_table_are_the_fields_of_its_record() -> None:
    for kind, table in TABLES.items():
        names = {"seq", "id", *field_names(kind)}
        assert set(table.c.keys()) == names


def test_a_nul_character_is_refused_on_either_database(store: Store) -> None:
    with pytest.raises(StoreError, match="found a NUL character in “a"):
        store.add([Event(subject="a\0b", kind=EventKind.PUSHED, at="now")])


def test_half_a_character_is_refused_on_either_database(store: Store) -> None:
    with pytest.raises(StoreError, match="half a character"):
        store.add([Article(url="u", revision="1", digest="d", title="\ud800")])


def test_what_could_not_be_measured_is_no_number(store: Store) -> None:
    with pytest.raises(StoreError, match="found NaN"):
        store.add([Measure(subject="s", name="n", source="v1", value=float("nan"))])


def test_words_and_spans_come_back_as_what_they_were(store: Store) -> None:
    said = replace(
        review("0" * 64),
        answers=(
            Answer("labels", ("calm", "dry")),
            Answer("marked", (Span(1, 4, "tone"),)),
            Answer("none", ()),
        ),
    )
    store.add([said])
    assert store.get(Review, said.id) == said

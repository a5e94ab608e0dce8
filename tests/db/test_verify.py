"""Every change to what a version stands on is found and named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Table, text

from db.errors import StoreError
from db.records import (
    Article,
    Candidate,
    Example,
    Passage,
    Record,
    Review,
    Split,
    Verdict,
    Version,
)
from db.store import Store
from db.tables import TABLES, members
from db.verify import verify
from db.versions import freeze, version_examples
from tests.db.frozen import PLAN, judge


@contextmanager
def tampering(store: Store, table: Table) -> Iterator[Connection]:
    """Write to a table as somebody could who has the database but not the store."""
    with store.writing() as connection:
        on = f" ON {table.name}" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table.name}_no_update{on}"))
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table.name}_no_delete{on}"))
        if on:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        yield connection


@pytest.fixture
def version(store: Store) -> Version:
    return freeze(store, PLAN, judge(store, range(40), each=1))


def change(store: Store, kind: type[Record], **values: Any) -> str:
    """Change one row of a record type; its id stays."""
    table = TABLES[kind]
    record = next(store.stream(kind))
    with tampering(store, table) as connection:
        connection.execute(table.update().where(table.c.id == record.id).values(**values))
    return record.id


def test_an_untouched_version_has_no_difference(store: Store, version: Version) -> None:
    assert verify(store, version) == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Example, {"text": "changed"}),
        (Candidate, {"provenance": '{"parameters":"{}","prompts":[],"seed":8,"teacher":"x"}'}),
        (Verdict, {"decision": "reject"}),
        (Passage, {"text": "changed"}),
        (Article, {"revision": "2"}),
        (Review, {"answers": "[]"}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_a_changed_record_is_named(
    store: Store, version: Version, kind: type[Record], values: dict[str, Any]
) -> None:
    changed = change(store, kind, **values)
    (difference,) = verify(store, version)
    assert (difference.record, difference.id) == (kind.__name__, changed)
    assert "found content of" in str(difference)


def test_a_missing_example_is_named_and_not_trained_around(store: Store, version: Version) -> None:
    table = TABLES[Example]
    gone = next(version_examples(store, version))
    with tampering(store, table) as connection:
        connection.execute(table.delete().where(table.c.id == gone.id))
    (difference,) = verify(store, version)
    assert (difference.record, difference.id, difference.found) == ("Example", gone.id, "nothing")
    with pytest.raises(StoreError, match=f"found example {gone.id[:12]} missing"):
        list(version_examples(store, version))


def test_a_changed_example_is_not_trained_on(store: Store, version: Version) -> None:
    changed = change(store, Example, text="changed")
    with pytest.raises(StoreError, match=f"found example {changed[:12]} altered"):
        list(version_examples(store, version))


def _leave_out(connection: Connection, example: str) -> None:
    connection.execute(members.delete().where(members.c.example == example))


def _put_in(connection: Connection, example: str) -> None:
    row = {"example": "0" * 64, "split": "train"}
    version = connection.scalar(members.select().with_only_columns(members.c.version))
    connection.execute(members.insert(), {**row, "version": version})


@pytest.mark.parametrize("alter", [_leave_out, _put_in])
def test_another_set_of_examples_is_found(
    store: Store, version: Version, alter: Callable[[Connection, str], None]
) -> None:
    example = next(version_examples(store, version, Split.TRAIN))
    with tampering(store, members) as connection:
        alter(connection, example.id)
    found = [str(difference) for difference in verify(store, version)]
    assert any("expected its own id" in words for words in found)
    assert any("train examples, expected" in words for words in found)


def test_an_example_moved_to_another_side_is_found(store: Store, version: Version) -> None:
    example = next(version_examples(store, version, Split.TEST))
    with tampering(store, members) as connection:
        here = members.c.example == example.id
        connection.execute(members.update().where(here).values(split="train"))
    found = [d for d in verify(store, version) if d.record == "Example"]
    assert [(d.id, d.found, d.expected) for d in found] == [(example.id, "it on train", "test")]


def test_a_missing_source_is_named(store: Store, version: Version) -> None:
    table = TABLES[Review]
    gone = next(store.stream(Review))
    with tampering(store, table) as connection:
        connection.execute(table.delete().where(table.c.id == gone.id))
    (difference,) = verify(store, version)
    assert (difference.record, difference.id) == ("Review", gone.id)

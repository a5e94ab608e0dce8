"""Verifying a version reports every change to its records."""

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
from db.sql.tables import TABLES, members
from db.store import Store
from db.versions.contents import version_examples
from db.versions.freeze import freeze
from db.versions.verify import verify
from tests.db.approvals import PLAN, add_approvals


@contextmanager
def tampering(store: Store, table: Table) -> Iterator[Connection]:
    """Write to a table without the store's protection."""
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
    return freeze(store, PLAN, add_approvals(store, range(40), each=1))


def change(store: Store, kind: type[Record], **values: Any) -> str:
    """Change one row of a record type; its id stays."""
    table = TABLES[kind]
    record = next(store.stream(kind))
    with tampering(store, table) as connection:
        connection.execute(table.update().where(table.c.id == record.id).values(**values))
    return record.id


def test_an_unchanged_version_has_no_mismatch(store: Store, version: Version) -> None:
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
def test_a_changed_record_is_reported(
    store: Store, version: Version, kind: type[Record], values: dict[str, Any]
) -> None:
    changed = change(store, kind, **values)
    (mismatch,) = verify(store, version)
    assert (mismatch.record, mismatch.id) == (kind.__name__, changed)
    assert "its content hashes to" in str(mismatch)


def test_a_missing_example_is_reported_and_stops_reading(store: Store, version: Version) -> None:
    table = TABLES[Example]
    removed = next(version_examples(store, version))
    with tampering(store, table) as connection:
        connection.execute(table.delete().where(table.c.id == removed.id))
    (mismatch,) = verify(store, version)
    assert (mismatch.record, mismatch.id, mismatch.actual) == ("Example", removed.id, "missing")
    with pytest.raises(StoreError, match=f"Example {removed.id[:12]} is missing"):
        list(version_examples(store, version))


def test_a_changed_example_stops_reading(store: Store, version: Version) -> None:
    changed = change(store, Example, text="changed")
    with pytest.raises(StoreError, match=f"Example {changed[:12]} was changed"):
        list(version_examples(store, version))


def _remove(connection: Connection, example: str) -> None:
    connection.execute(members.delete().where(members.c.example == example))


def _insert(connection: Connection, example: str) -> None:
    row = {"example": "0" * 64, "split": "train"}
    version = connection.scalar(members.select().with_only_columns(members.c.version))
    connection.execute(members.insert(), {**row, "version": version})


@pytest.mark.parametrize("alter", [_remove, _insert])
def test_a_changed_set_of_examples_is_reported(
    store: Store, version: Version, alter: Callable[[Connection, str], None]
) -> None:
    example = next(version_examples(store, version, Split.TRAIN))
    with tampering(store, members) as connection:
        alter(connection, example.id)
    mismatches = [str(mismatch) for mismatch in verify(store, version)]
    assert any("expected its own id" in words for words in mismatches)
    assert any("train examples, expected" in words for words in mismatches)


def test_an_example_moved_to_another_split_is_reported(store: Store, version: Version) -> None:
    example = next(version_examples(store, version, Split.TEST))
    with tampering(store, members) as connection:
        is_example = members.c.example == example.id
        connection.execute(members.update().where(is_example).values(split="train"))
    (mismatch,) = (m for m in verify(store, version) if m.record == "Example")
    expected = (example.id, "in the train split", "test")
    assert (mismatch.id, mismatch.actual, mismatch.expected) == expected


def test_a_missing_source_is_reported(store: Store, version: Version) -> None:
    table = TABLES[Review]
    removed = next(store.stream(Review))
    with tampering(store, table) as connection:
        connection.execute(table.delete().where(table.c.id == removed.id))
    (mismatch,) = verify(store, version)
    assert (mismatch.record, mismatch.id) == ("Review", removed.id)

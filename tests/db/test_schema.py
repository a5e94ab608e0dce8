"""A database is brought to its shape, and one of another shape is refused."""

from pathlib import Path

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from db import schema
from db.engine import engine, reading, writing
from db.errors import StoreError, StoreVersionError
from db.records import Measure, ReadingPosition
from db.rows import insert
from db.store import Store
from db.tables import REVISION, metadata, reading_positions


def set_revision(url: str, revision: str) -> None:
    made = engine(url, 5)
    with writing(made) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    made.dispose()


def test_migrating_an_empty_database_makes_it_and_again_changes_nothing(empty_url: str) -> None:
    assert Store.migrate(empty_url) is True
    assert Store.migrate(empty_url) is False
    Store.open(empty_url).close()


def test_alembic_finds_no_difference_between_the_migrations_and_the_tables(url: str) -> None:
    made = engine(url, 5)
    with reading(made) as connection:
        command.check(schema.config(connection))
    made.dispose()


def test_the_migrations_leave_one_head_and_it_is_ours() -> None:
    script = ScriptDirectory.from_config(schema.config())
    assert script.get_heads() == [REVISION]


def test_every_table_and_index_of_the_models_is_made(url: str) -> None:
    made = engine(url, 5)
    with reading(made) as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) == {*metadata.tables, "alembic_version"}
        for name, table in metadata.tables.items():
            indexes = {i["name"] for i in found.get_indexes(name)}
            assert {index.name for index in table.indexes} <= indexes
        assert MigrationContext.configure(connection).get_current_revision() == REVISION
    made.dispose()


def test_a_database_without_tables_is_refused_with_what_to_do(empty_url: str) -> None:
    with pytest.raises(StoreError, match="timbre doctor --migrate"):
        Store.open(empty_url)


def test_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    with pytest.raises(StoreError, match=r"found no database at .*none\.db"):
        Store.open(f"sqlite:///{file}")
    assert not file.exists()


def test_tables_of_ours_without_a_migration_are_taken_for_another_program_s(url: str) -> None:
    made = engine(url, 5)
    with writing(made) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    made.dispose()
    with pytest.raises(StoreError, match="tables of another program"):
        Store.open(url)


def test_a_database_ahead_is_refused_by_opening_and_by_migrating(url: str) -> None:
    set_revision(url, "r9999")
    for refused in (Store.open, Store.migrate):
        with pytest.raises(StoreError, match=r"found the database at r9999, which this Timbre"):
            refused(url)


def test_a_database_one_migration_behind_is_refused_with_what_to_do(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "REVISION", "r9999")
    with pytest.raises(
        StoreError, match=r"found the database at r0002, expected r9999; run `timbre doctor"
    ):
        Store.open(url)


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = command.upgrade

    def fail_at_the_end(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        raise RuntimeError("stopped")

    monkeypatch.setattr(command, "upgrade", fail_at_the_end)
    with pytest.raises(RuntimeError, match="stopped"):
        Store.migrate(empty_url)
    made = engine(empty_url, 5)
    with reading(made) as connection:
        assert inspect(connection).get_table_names() == []
    made.dispose()


def test_reading_positions_stored_as_measures_are_moved_to_their_own_table(empty_url: str) -> None:
    length = Measure(subject="o" * 64, name="length", source="text.v1", value=3.0)
    stored = [("f1", 2_000_000), ("f2", 7), ("f1", 4_000_000), ("f2", -1)]
    old = [
        Measure(subject=file, name=str(offset), source="intake.v1", value=float(offset))
        for file, offset in stored
    ]
    expected = [
        ReadingPosition(source_fingerprint=file, offset=None if offset == -1 else offset)
        for file, offset in stored
    ]
    made = engine(empty_url, 5)
    with writing(made) as connection:
        command.upgrade(schema.config(connection), "r0001")
        for measure in [old[0], length, *old[1:]]:
            insert(connection, [measure])
    made.dispose()
    with pytest.raises(StoreVersionError, match="r0001"):
        Store.open(empty_url)
    assert Store.migrate(empty_url)
    with Store.open(empty_url) as store:
        assert list(store.stream(ReadingPosition)) == expected
        assert [p.id for p in store.stream(ReadingPosition)] == [p.id for p in expected]
        assert list(store.stream(Measure)) == [length]
        assert store.add(expected) == 0


def test_a_reading_position_cannot_be_changed(store: Store) -> None:
    store.add([ReadingPosition(source_fingerprint="f1", offset=7)])
    with pytest.raises(DBAPIError, match="never changed"), store.writing() as connection:
        connection.execute(reading_positions.update().values(offset=8))


def test_a_new_database_may_be_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'b' / 'timbre.db'}"
    assert Store.migrate(url)
    Store.open(url).close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/x", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match=r"expected sqlite:///path/to/file\.db or postgresql"):
        Store.open(url)

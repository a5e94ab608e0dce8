"""Databases are migrated, and databases with another schema are rejected."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from db.errors import StoreError, StoreVersionError
from db.records import Measure, Pair, ReadingPosition, Version
from db.sql import schema
from db.sql.engine import engine, reading, writing
from db.sql.rows import insert, insert_rows
from db.sql.tables import TABLES, members, metadata, reading_positions, versions
from db.store import Store
from db.versions.contents import version_examples, version_pairs
from db.versions.freeze import freeze
from db.versions.verify import verify
from tests.db.approvals import PLAN, add_approvals, approved_pairs

ROOT = Path(__file__).parents[3]


def set_revision(url: str, revision: str) -> None:
    opened = engine(url, 5)
    with writing(opened) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    opened.dispose()


def test_migrating_twice_changes_nothing_the_second_time(empty_url: str) -> None:
    assert Store.migrate(empty_url) is True
    assert Store.migrate(empty_url) is False
    Store.open(empty_url).close()


def test_the_migrations_produce_the_declared_tables(url: str) -> None:
    opened = engine(url, 5)
    with reading(opened) as connection:
        command.check(schema.config(connection))
    opened.dispose()


def test_the_files_names_give_the_revisions() -> None:
    script = ScriptDirectory.from_config(schema.config())
    assert script.get_heads() == [schema.REVISION]
    newest_first = [step.revision for step in script.walk_revisions()]
    assert newest_first == schema.REVISIONS[::-1]


@pytest.mark.parametrize(("use", "is_imported"), [("migrate", True), ("open", False)])
def test_only_migrating_imports_alembic(tmp_path: Path, use: str, is_imported: bool) -> None:
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    if use == "open":
        Store.migrate(url)
    script = f"import sys; from db.store import Store; Store.{use}({url!r})"
    script += "; sys.exit('alembic' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert result.returncode == is_imported


def test_migrating_creates_every_table_and_index(url: str) -> None:
    opened = engine(url, 5)
    with reading(opened) as connection:
        inspector = inspect(connection)
        assert set(inspector.get_table_names()) == {*metadata.tables, "alembic_version"}
        for name, table in metadata.tables.items():
            indexes = {i["name"] for i in inspector.get_indexes(name)}
            assert {index.name for index in table.indexes} <= indexes
        assert MigrationContext.configure(connection).get_current_revision() == schema.REVISION
    opened.dispose()


def test_opening_an_empty_database_fails_and_names_the_command(empty_url: str) -> None:
    with pytest.raises(StoreError, match="timbre doctor --migrate"):
        Store.open(empty_url)


def test_opening_a_missing_file_fails_and_does_not_create_it(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    with pytest.raises(StoreError, match=r"none\.db doesn't exist"):
        Store.open(f"sqlite:///{file}")
    assert not file.exists()


def test_tables_without_a_revision_belong_to_another_program(url: str) -> None:
    opened = engine(url, 5)
    with writing(opened) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    opened.dispose()
    with pytest.raises(StoreError, match="another program's tables"):
        Store.open(url)


def test_a_newer_database_can_be_neither_opened_nor_migrated(url: str) -> None:
    set_revision(url, "r9999")
    for use in (Store.open, Store.migrate):
        with pytest.raises(
            StoreError, match=r"at migration r9999.* only supports migrations up to"
        ):
            use(url)


def test_an_older_database_is_rejected_and_names_the_command(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "REVISION", "r9999")
    with pytest.raises(
        StoreError,
        match=r"at migration r0003, but this version of Timbre needs r9999.* `timbre doctor",
    ):
        Store.open(url)


def test_a_failed_migration_changes_nothing(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = command.upgrade

    def fail_at_the_end(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        raise RuntimeError("stopped")

    monkeypatch.setattr(command, "upgrade", fail_at_the_end)
    with pytest.raises(RuntimeError, match="stopped"):
        Store.migrate(empty_url)
    opened = engine(empty_url, 5)
    with reading(opened) as connection:
        assert inspect(connection).get_table_names() == []
    opened.dispose()


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
    opened = engine(empty_url, 5)
    with writing(opened) as connection:
        command.upgrade(schema.config(connection), "r0001")
        for measure in [old[0], length, *old[1:]]:
            insert(connection, [measure])
    opened.dispose()
    with pytest.raises(StoreVersionError, match="r0001"):
        Store.open(empty_url)
    assert Store.migrate(empty_url)
    with Store.open(empty_url) as store:
        assert list(store.stream(ReadingPosition)) == expected
        assert [p.id for p in store.stream(ReadingPosition)] == [p.id for p in expected]
        assert list(store.stream(Measure)) == [length]
        assert store.add(expected) == 0


def test_a_version_from_before_pairs_keeps_its_id_and_contents(
    empty_url: str, tmp_path: Path
) -> None:
    source_url = f"sqlite:///{tmp_path / 'source.db'}"
    Store.migrate(source_url)
    opened = engine(empty_url, 5)
    with Store.open(source_url) as store, writing(opened) as connection:
        version = freeze(store, PLAN, add_approvals(store, range(40)))
        examples = list(version_examples(store, version))
        command.upgrade(schema.config(connection), "r0002")
        _copy_without_pairs(store, connection)
    opened.dispose()
    assert Store.migrate(empty_url)
    with Store.open(empty_url) as migrated:
        assert list(migrated.stream(Version)) == [version]
        assert verify(migrated, version) == []
        assert list(version_examples(migrated, version)) == examples
        assert list(version_pairs(migrated, version)) == []
        approvals = add_approvals(migrated, range(40))
        assert freeze(migrated, PLAN, approvals) == version
        pairs = approved_pairs(migrated, approvals)
        assert freeze(migrated, PLAN, approvals, pairs).pairs == migrated.count(Pair) == 80


def _copy_without_pairs(store: Store, connection: Connection) -> None:
    """Copy a version into a database at the migration before pairs."""
    for kind, table in TABLES.items():
        if table is not versions and kind is not Pair:
            insert(connection, store.stream(kind))
    for table in (versions, members):
        names = [column.name for column in table.columns if column.name not in ("seq", "pairs")]
        rows = [tuple(row[name] for name in names) for row in store.rows(table)]
        insert_rows(connection, table, names, rows)


def test_a_pair_cannot_be_changed(store: Store) -> None:
    approvals = add_approvals(store, range(3))
    store.add(approved_pairs(store, approvals))
    with pytest.raises(DBAPIError, match="never changed"), store.writing() as connection:
        connection.execute(TABLES[Pair].update().values(chosen="mine"))


def test_a_reading_position_cannot_be_changed(store: Store) -> None:
    store.add([ReadingPosition(source_fingerprint="f1", offset=7)])
    with pytest.raises(DBAPIError, match="never changed"), store.writing() as connection:
        connection.execute(reading_positions.update().values(offset=8))


def test_migrating_creates_missing_folders(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'b' / 'timbre.db'}"
    assert Store.migrate(url)
    Store.open(url).close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/x", "sqlite://", "sqlite:///:memory:"]
)
def test_other_database_urls_are_rejected(url: str) -> None:
    with pytest.raises(
        StoreError, match=r"must have the form sqlite:///path/to/file\.db or postgresql"
    ):
        Store.open(url)

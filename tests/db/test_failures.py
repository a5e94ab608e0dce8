"""Failures give one line, and nothing is half-written."""

import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from db.errors import StoreAwayError, StoreError
from db.records import Event, EventKind, Example, Rejection, Version
from db.sql.engine import sqlite_file
from db.sql.tables import members
from db.store import Store
from db.versions.contents import version_examples
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals

ROOT = Path(__file__).parents[2]


def rejections(first: int, count: int, words: str = "") -> Iterator[Rejection]:
    for number in range(first, first + count):
        yield Rejection(scope="s", stage="t", subject=str(number), reason="r", text=words)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'timbre.db')}"


def assert_one_line(error: pytest.ExceptionInfo[StoreError], *parts: str) -> None:
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")
    for part in parts:
        assert part in message


def test_a_full_disk_keeps_earlier_batches_only(
    sqlite_url: str,
) -> None:
    store = Store.open(sqlite_url)

    def limit(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 300}")

    with store.engine.connect() as connection:
        limit(connection)
    with pytest.raises(StoreError) as error:
        store.add(rejections(0, 20_000, "long enough to fill a page or two" * 5))
    assert_one_line(error, "no room left on its disk", "Free some space", "timbre.db")
    stored = store.count(Rejection)
    assert stored % 2000 == 0
    store.close()
    with Store.open(sqlite_url) as again:
        assert again.add(rejections(0, 20_000)) == 20_000 - stored


def as_nobody(work: Callable[[], None]) -> None:
    """Run something without root's rights, in another process."""

    def child() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        work()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can read, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="timbre-read-only-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


# An import may have left a thread running before the fork.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("mode", [0o444, 0o000])
def test_a_read_only_folder_gives_one_line(
    open_folder: Path, sqlite_template: Path, mode: int
) -> None:
    file = open_folder / "timbre.db"
    shutil.copy(sqlite_template, file)
    file.chmod(mode)
    open_folder.chmod(0o555)

    def work() -> None:
        with pytest.raises(StoreError) as error, Store.open(f"sqlite:///{file}") as store:
            store.add(rejections(0, 1))
        assert_one_line(error, "permissions", "timbre.db")
        with pytest.raises(StoreError) as error:
            Store.migrate(f"sqlite:///{open_folder / 'new.db'}")
        assert_one_line(error, "can't be opened", "new.db")

    as_nobody(work)


def test_a_locked_database_gives_one_line(url: str) -> None:
    with Store.open(url) as holder, Store.open(url, wait=0.2) as waiting:
        with holder.writing() as connection:
            connection.execute(text("SELECT 1"))
            with pytest.raises(StoreError) as error:
                waiting.add(rejections(0, 1))
            assert waiting.count(Rejection) == 0
        assert_one_line(error, "locked by another program", "Wait for it")
        assert waiting.add(rejections(0, 1)) == 1


def test_readers_do_not_wait_for_a_writer(url: str) -> None:
    with Store.open(url) as writer, Store.open(url, wait=0.2) as reader:
        writer.add(rejections(0, 3))
        with writer.writing() as connection:
            connection.execute(text("SELECT 1"))
            assert reader.count(Rejection) == len(list(reader.stream(Rejection))) == 3


def test_concurrent_writers_lose_nothing_and_count_once(url: str) -> None:
    new: list[int] = []

    def write(backwards: bool) -> None:
        records = list(rejections(0, 6000))
        with Store.open(url) as store:
            new.append(store.add(reversed(records) if backwards else records))

    threads = [threading.Thread(target=write, args=(backwards,)) for backwards in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with Store.open(url) as store:
        assert sum(new) == store.count(Rejection) == 6000


def test_concurrent_freezes_of_the_same_contents_make_one_version(url: str) -> None:
    with Store.open(url) as store:
        approvals = add_approvals(store, range(40))
    versions: list[Version] = []

    def work() -> None:
        with Store.open(url) as store:
            versions.append(freeze(store, PLAN, approvals))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with Store.open(url) as store:
        assert len({version.id for version in versions}) == store.count(Version) == 1
        assert len(list(version_examples(store, versions[0]))) == 80
        assert len(list(store.rows(members))) == store.count(Example) == 80
        assert len(store.events(versions[0].id)) == 1


def run_and_kill(url: str, work: str) -> None:
    """Run some lines in another process, which must be killed by them."""
    lines = f"""
        import os, signal
        from sqlalchemy import event
        from db.store import Store
        from tests.db.test_failures import PLAN, freeze, add_approvals, rejections
        def kill():
            os.kill(os.getpid(), signal.SIGKILL)
        store = Store.open({url!r})
    """
    script = textwrap.dedent(lines) + textwrap.dedent(work)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL


def assert_sound(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        with store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_killed_writer_leaves_whole_batches_and_can_resume(url: str) -> None:
    run_and_kill(
        url,
        """
        seen = 0
        @event.listens_for(store.engine, "after_cursor_execute")
        def count(connection, cursor, statement, parameters, context, many):
            global seen
            seen += statement.startswith("INSERT INTO refusals")
            if seen == 3:
                kill()
        store.add(rejections(0, 9000))
        """,
    )
    with Store.open(url) as store:
        assert_sound(store)
        assert store.count(Rejection) == 4000
        assert store.add(rejections(0, 9000)) == 5000


def test_a_killed_freeze_leaves_nothing(url: str) -> None:
    with Store.open(url) as store:
        approvals = add_approvals(store, range(40))
    run_and_kill(
        url,
        """
        @event.listens_for(store.engine, "after_cursor_execute")
        def stop(connection, cursor, statement, parameters, context, many):
            if statement.startswith("INSERT INTO events"):
                kill()
        freeze(store, PLAN, add_approvals(store, range(40)))
        """,
    )
    with Store.open(url) as store:
        assert_sound(store)
        assert store.count(Version) == store.count(Example) == len(list(store.rows(members))) == 0
        version = freeze(store, PLAN, approvals)
        assert len(list(version_examples(store, version))) == 80


def test_a_freeze_that_fails_at_its_end_leaves_nothing(store: Store) -> None:
    approvals = add_approvals(store, range(40))

    def fail(*arguments: Any) -> None:
        if arguments[2].startswith("INSERT INTO events"):
            raise KeyboardInterrupt

    event.listen(store.engine, "before_cursor_execute", fail)
    with pytest.raises(KeyboardInterrupt):
        freeze(store, PLAN, approvals)
    event.remove(store.engine, "before_cursor_execute", fail)
    assert store.count(Version) == store.count(Example) == store.count(Event) == 0


def test_a_file_that_is_no_database_gives_one_line_and_is_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "timbre.db"
    file.write_text("my diary, not a database " * 100)
    before = file.read_bytes()
    for use in (Store.open, Store.migrate):
        with pytest.raises(StoreError) as error:
            use(f"sqlite:///{file}")
        assert_one_line(error, "isn't an SQLite database")
    assert file.read_bytes() == before


def test_a_damaged_database_gives_one_line(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        store.add(rejections(0, 4000, "words " * 20))
        with store.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file = sqlite_file(store.engine)
    assert file is not None
    content = bytearray(file.read_bytes())
    half = len(content) // 2
    content[half:] = b"\xff" * (len(content) - half)
    file.write_bytes(content)
    with pytest.raises(StoreError) as error, Store.open(sqlite_url) as store:
        list(store.stream(Rejection))
    assert_one_line(error, "is damaged", "Restore it from a backup")


def test_an_unreachable_server_gives_one_line_without_the_password() -> None:
    url = "postgresql://timbre:secret@127.0.0.1:1/timbre"
    with pytest.raises(StoreError) as error:
        Store.open(url)
    assert_one_line(error, "Can't connect", "127.0.0.1", "correct the URL")
    assert "secret" not in str(error.value)
    assert isinstance(error.value, StoreAwayError)


def test_an_unknown_database_gives_one_line(postgres_url: str) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(postgres_url.replace("@/t", "@/x"))
    assert_one_line(error, "Can't connect", "does not exist")


def test_a_read_only_server_gives_one_line(postgres_url: str) -> None:
    Store.migrate(postgres_url)
    read_only = f"{postgres_url}&options=-cdefault_transaction_read_only%3Don"
    with pytest.raises(StoreError) as error, Store.open(read_only) as store:
        store.add([Event(subject="s", kind=EventKind.PUSHED, at="t")])
    assert_one_line(error, "is read-only")

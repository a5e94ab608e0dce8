"""What goes wrong is one sentence, and nothing is half-written."""

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

from db.engine import file_of
from db.errors import StoreError
from db.records import Event, EventKind, Example, Rejection, Version
from db.store import Store
from db.tables import members
from db.versions import freeze, version_examples
from tests.db.frozen import PLAN, judge

ROOT = Path(__file__).parents[2]


def refusals(first: int, count: int, words: str = "") -> Iterator[Rejection]:
    for number in range(first, first + count):
        yield Rejection(scope="s", stage="t", subject=str(number), reason="r", text=words)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'timbre.db')}"


def assert_one_sentence(error: pytest.ExceptionInfo[StoreError], *parts: str) -> None:
    said = str(error.value)
    assert "\n" not in said
    for part in ("found", *parts):
        assert part in said


def test_a_full_disk_keeps_the_batches_before_and_nothing_of_the_one_that_failed(
    sqlite_url: str,
) -> None:
    store = Store.open(sqlite_url)

    def limit(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 300}")

    with store.engine.connect() as connection:
        limit(connection)
    with pytest.raises(StoreError) as error:
        store.add(refusals(0, 20_000, "long enough to fill a page or two" * 5))
    assert_one_sentence(error, "no room on the disk", "free some space", "timbre.db")
    kept = store.count(Rejection)
    assert kept % 2000 == 0
    store.close()
    with Store.open(sqlite_url) as again:
        assert again.add(refusals(0, 20_000)) == 20_000 - kept


def as_nobody(work: Callable[[], None]) -> None:
    """Run something in a process that root's rights do not help, if we are root."""

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
    """A folder that other users can look into, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="timbre-read-only-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


# The process below forks before any thread of ours runs; a busy import may have left one behind.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("mode", [0o444, 0o000])
def test_a_read_only_folder_is_one_sentence(
    open_folder: Path, sqlite_template: Path, mode: int
) -> None:
    file = open_folder / "timbre.db"
    shutil.copy(sqlite_template, file)
    file.chmod(mode)
    open_folder.chmod(0o555)

    def work() -> None:
        with pytest.raises(StoreError) as error, Store.open(f"sqlite:///{file}") as store:
            store.add(refusals(0, 1))
        assert_one_sentence(error, "permissions", "timbre.db")
        with pytest.raises(StoreError) as error:
            Store.migrate(f"sqlite:///{open_folder / 'new.db'}")
        assert_one_sentence(error, "cannot be opened", "new.db")

    as_nobody(work)


def test_a_database_that_another_program_keeps_locked_is_one_sentence(url: str) -> None:
    with Store.open(url) as holder, Store.open(url, wait=0.2) as waiting:
        with holder.writing() as connection:
            connection.execute(text("SELECT 1"))
            with pytest.raises(StoreError) as error:
                waiting.add(refusals(0, 1))
            assert waiting.count(Rejection) == 0
        assert_one_sentence(error, "another program writing", "let it end")
        assert waiting.add(refusals(0, 1)) == 1


def test_readers_are_not_stopped_by_a_writer(url: str) -> None:
    with Store.open(url) as writer, Store.open(url, wait=0.2) as reader:
        writer.add(refusals(0, 3))
        with writer.writing() as connection:
            connection.execute(text("SELECT 1"))
            assert reader.count(Rejection) == len(list(reader.stream(Rejection))) == 3


def test_two_writers_at_once_lose_nothing_and_count_every_record_once(url: str) -> None:
    new: list[int] = []

    def write(backwards: bool) -> None:
        records = list(refusals(0, 6000))
        with Store.open(url) as store:
            new.append(store.add(reversed(records) if backwards else records))

    threads = [threading.Thread(target=write, args=(backwards,)) for backwards in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with Store.open(url) as store:
        assert sum(new) == store.count(Rejection) == 6000


def test_two_programs_that_freeze_the_same_make_one_version(url: str) -> None:
    with Store.open(url) as store:
        approved = judge(store, range(40))
    made: list[Version] = []

    def work() -> None:
        with Store.open(url) as store:
            made.append(freeze(store, PLAN, approved))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with Store.open(url) as store:
        assert len({version.id for version in made}) == store.count(Version) == 1
        assert len(list(version_examples(store, made[0]))) == 80
        assert len(list(store.rows(members))) == store.count(Example) == 80
        assert len(store.events(made[0].id)) == 1


def killed(url: str, work: str) -> None:
    """Run some lines in a process of their own, and see that it was killed in the middle."""
    lines = f"""
        import os, signal
        from sqlalchemy import event
        from db.store import Store
        from tests.db.test_failures import PLAN, freeze, judge, refusals
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


def test_a_writer_that_is_killed_leaves_whole_batches_and_goes_on_from_there(url: str) -> None:
    killed(
        url,
        """
        seen = 0
        @event.listens_for(store.engine, "after_cursor_execute")
        def count(connection, cursor, statement, parameters, context, many):
            global seen
            seen += statement.startswith("INSERT INTO refusals")
            if seen == 3:
                kill()
        store.add(refusals(0, 9000))
        """,
    )
    with Store.open(url) as store:
        assert_sound(store)
        assert store.count(Rejection) == 4000
        assert store.add(refusals(0, 9000)) == 5000


def test_a_freeze_that_is_killed_leaves_nothing_of_itself(url: str) -> None:
    with Store.open(url) as store:
        approved = judge(store, range(40))
    killed(
        url,
        """
        @event.listens_for(store.engine, "after_cursor_execute")
        def stop(connection, cursor, statement, parameters, context, many):
            if statement.startswith("INSERT INTO events"):
                kill()
        freeze(store, PLAN, judge(store, range(40)))
        """,
    )
    with Store.open(url) as store:
        assert_sound(store)
        assert store.count(Version) == store.count(Example) == len(list(store.rows(members))) == 0
        version = freeze(store, PLAN, approved)
        assert len(list(version_examples(store, version))) == 80


def test_a_freeze_that_fails_at_its_end_leaves_nothing_of_itself(store: Store) -> None:
    approved = judge(store, range(40))

    def fail(*arguments: Any) -> None:
        if arguments[2].startswith("INSERT INTO events"):
            raise KeyboardInterrupt

    event.listen(store.engine, "before_cursor_execute", fail)
    with pytest.raises(KeyboardInterrupt):
        freeze(store, PLAN, approved)
    event.remove(store.engine, "before_cursor_execute", fail)
    assert store.count(Version) == store.count(Example) == store.count(Event) == 0


def test_a_file_that_is_no_database_is_one_sentence_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "timbre.db"
    file.write_text("my diary, not a database " * 100)
    before = file.read_bytes()
    for use in (Store.open, Store.migrate):
        with pytest.raises(StoreError) as error:
            use(f"sqlite:///{file}")
        assert_one_sentence(error, "no SQLite database")
    assert file.read_bytes() == before


def test_a_damaged_database_is_one_sentence(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        store.add(refusals(0, 4000, "words " * 20))
        with store.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = file_of(sqlite_url)
    assert file is not None
    content = bytearray(file.read_bytes())
    half = len(content) // 2
    content[half:] = b"\xff" * (len(content) - half)
    file.write_bytes(content)
    with pytest.raises(StoreError) as error, Store.open(sqlite_url) as store:
        list(store.stream(Rejection))
    assert_one_sentence(error, "damaged", "restore it from a copy")


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password() -> None:
    url = "postgresql://timbre:secret@127.0.0.1:1/timbre"
    with pytest.raises(StoreError) as error:
        Store.open(url)
    assert_one_sentence(error, "no way in", "127.0.0.1", "start it or correct the URL")
    assert "secret" not in str(error.value)
    assert str(error.value).startswith("found no way in (")


def test_a_database_that_the_server_does_not_have_is_one_sentence(postgres_url: str) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(postgres_url.replace("@/t", "@/x"))
    assert_one_sentence(error, "no way in", "does not exist")


def test_a_read_only_server_is_one_sentence(postgres_url: str) -> None:
    Store.migrate(postgres_url)
    read_only = f"{postgres_url}&options=-cdefault_transaction_read_only%3Don"
    with pytest.raises(StoreError) as error, Store.open(read_only) as store:
        store.add([Event(subject="s", kind=EventKind.PUSHED, at="t")])
    assert_one_sentence(error, "may only be read")

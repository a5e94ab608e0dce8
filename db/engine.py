"""Connections to SQLite or PostgreSQL, one writer at a time, and what their failures mean.

Whoever writes waits for its turn, on either database, so that rows are numbered in the order in
which they are committed and nobody is stopped halfway by another writer.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from db.errors import StoreAwayError, StoreError

_WRITER = 0x7469_6D62_7265
"""Any number will do that every writer to one PostgreSQL database takes as its lock."""

_CACHE_KIB = 128 * 1024  # Indexes of random ids do not fit into the two megabytes that are usual.
_PAGE_BYTES = 16 * 1024  # Two records to a usual page of four kilobytes waste a fifth of it.
_SQLITE = {
    "disk is full": "no room on the disk, expected room to write; free some space and run again",
    "disk I/O error": "a disk that fails to read or write; check its space and its health",
    "readonly database": "a database that may only be read, expected to write; change its "
    "permissions or set another place",
    "unable to open": "a database file that cannot be opened, expected to read and write it; "
    "check its folder and permissions",
    "is locked": "another program writing for longer than we wait; let it end, then run again",
    "not a database": "a file that is no SQLite database; name another or move it away",
    "malformed": "a damaged database; restore it from a copy",
}
_POSTGRESQL = {
    "53100": "no room on the server's disk, expected room to write; free some space, run again",
    "25006": "a database that may only be read, expected to write; connect to the primary",
    "42501": "no permission, expected to read and write; grant it to this user",
    "55P03": "another program writing for longer than we wait; let it end, then run again",
}


def engine(url: str, wait: float) -> Engine:
    """An engine for a database; `wait` is how many seconds a writer waits for its turn.

    Raises `StoreError` if the URL names neither an SQLite file nor a PostgreSQL database.
    """
    parsed = parse(url)
    if parsed.get_backend_name() == "postgresql":
        made = create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    else:
        # The driver would begin no transaction before a CREATE TABLE; we begin every one.
        made = create_engine(parsed, connect_args={"timeout": wait, "isolation_level": None})
        event.listen(made, "connect", _prepare_sqlite)
        event.listen(made, "begin", _begin_sqlite)
    return made.execution_options(timbre_wait=wait)


AWAY = "no way in"


def parse(url: str) -> URL:
    """The parts of a database URL, with psycopg as PostgreSQL's driver.

    Raises `StoreError` if the URL names neither an SQLite file nor a PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("unknown")
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite")
    raise StoreError(
        "found a database URL of another kind, expected sqlite:///path/to/file.db or "
        "postgresql://user@host/name; correct the URL"
    )


def file_of(url: str) -> Path | None:
    """The file of an SQLite database, None for PostgreSQL."""
    parsed = parse(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database and writes nothing."""
    with spoken(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that has its turn to write; it is kept whole or not at all."""
    with spoken(engine), engine.execution_options(timbre_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            wait = int(connection.get_execution_options()["timbre_wait"] * 1000)
            connection.execute(text(f"SET LOCAL lock_timeout = {wait}"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITER})"))
        yield connection


@contextmanager
def spoken(engine: Engine) -> Iterator[None]:
    """Turn a database's expected failures into one sentence.

    Raises `StoreError` for a full disk, a read-only or damaged database, a writer that never ends,
    an unreachable server, and a record that refers to one that is not there.
    """
    try:
        yield
    except IntegrityError as error:
        if "foreign key" not in str(error.orig).lower():
            raise
        raise StoreError(
            "found a record that refers to one the store does not have, expected the article "
            "before its passages and a version before its runs; add what it refers to first"
        ) from error
    except DBAPIError as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        plain = engine.url.set(drivername=engine.url.get_backend_name())
        name = plain.render_as_string(hide_password=True)
        kind = StoreAwayError if meaning.startswith(AWAY) else StoreError
        raise kind(f"found {meaning} ({name})") from error
    except UnicodeEncodeError as error:
        raise StoreError(
            f"found {error.object[error.start : error.end]!r} in a record, half a character, "
            "expected text; clean the source it came from"
        ) from error


def _meaning(error: DBAPIError) -> str | None:
    words = str(error.orig)
    if isinstance(error.orig, sqlite3.Error):
        return next((said for sign, said in _SQLITE.items() if sign in words), None)
    state = getattr(error.orig, "sqlstate", None)
    if state is None or state.startswith(("08", "28", "3D", "57P")):
        first = words.strip().splitlines()[0] if words.strip() else "no answer"
        return f"{AWAY} ({first}), expected a running server; start it or correct the URL"
    return _POSTGRESQL.get(state)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file; others keep theirs
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turned into a writer could be refused without waiting for its turn.
    writes = connection.get_execution_options().get("timbre_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

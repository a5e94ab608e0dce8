"""Connect to SQLite or PostgreSQL, allow one writer at a time, and translate database errors.

In both databases, only one writer runs at a time, so rows are numbered in commit order and writers
can't abort each other.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from db.errors import StoreAwayError, StoreError

_WRITER_LOCK = 0x7469_6D62_7265  # an arbitrary number that all PostgreSQL writers use
_CACHE_KIB = 128 * 1024  # the default of 2 MiB is too small for the indexes on random ids
_PAGE_BYTES = 16 * 1024  # the default of 4 KiB fits only two records and wastes a fifth
_LOCKED = "is locked by another program. Wait for it to finish, then run the command again"
_SQLITE_ERRORS = {
    "disk is full": "has no room left on its disk. Free some space, then run the command again",
    "disk I/O error": "can't be read or written. Check the disk's space and health",
    "readonly database": "is read-only. Change its permissions or use another one",
    "unable to open": "can't be opened. Check its folder and permissions",
    "is locked": _LOCKED,
    "not a database": "isn't an SQLite database. Use another file or move this one away",
    "malformed": "is damaged. Restore it from a backup",
}
_POSTGRESQL_ERRORS = {
    "53100": "has no room left on its disk. Free some space, then run the command again",
    "25006": "is read-only. Connect to the primary server",
    "42501": "doesn't let this user read and write. Grant these permissions",
    "55P03": _LOCKED,
}


def engine(url: str, wait: float) -> Engine:
    """Create a database engine; `wait` is how many seconds a writer waits for its turn.

    Raises `StoreError` if the URL doesn't refer to an SQLite file or a PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("unknown")
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        result = create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    elif backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        # Use autocommit and send BEGIN, because the driver's transactions exclude CREATE TABLE.
        arguments = {"timeout": wait, "isolation_level": None}
        result = create_engine(parsed.set(drivername="sqlite"), connect_args=arguments)
        event.listen(result, "connect", _prepare_sqlite)
        event.listen(result, "begin", _begin_sqlite)
    else:
        raise StoreError(
            "The database URL must have the form sqlite:///path/to/file.db or "
            "postgresql://user@host/name."
        )
    return result.execution_options(timbre_wait=wait)


def sqlite_file(engine: Engine) -> Path | None:
    """The path of an SQLite database file, or None for PostgreSQL."""
    return Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a read-only transaction that sees a single snapshot of the database."""
    with translate_errors(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a write transaction, which blocks other writers and commits everything or nothing."""
    options = engine.execution_options(timbre_writes=True)
    with translate_errors(engine), options.begin() as connection:
        if connection.dialect.name == "postgresql":
            wait = int(connection.get_execution_options()["timbre_wait"] * 1000)
            connection.execute(text(f"SET LOCAL lock_timeout = {wait}"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"))
        yield connection


@contextmanager
def translate_errors(engine: Engine) -> Iterator[None]:
    """Convert expected database errors to a `StoreError` with a short, readable message.

    Expected errors are a full disk, a read-only or damaged database, a lock that isn't released, an
    unreachable server (`StoreAwayError`), and a reference to a missing record.
    """
    try:
        yield
    except IntegrityError as error:
        if "foreign key" not in str(error.orig).lower():
            raise
        raise StoreError(
            "The record can't be stored because it refers to a record that doesn't exist. Add the "
            "missing record first: an article before its passages, or a version before its runs."
        ) from error
    except DBAPIError as error:
        translation = _translate(error, engine)
        if translation is None:
            raise
        raise translation from error
    except UnicodeEncodeError as error:
        raise StoreError(
            f"A record contains {error.object[error.start : error.end]!r}, half of a surrogate "
            "pair, which can't be stored. Remove it from the source."
        ) from error


def _translate(error: DBAPIError, engine: Engine) -> StoreError | None:
    url = engine.url.set(drivername=engine.url.get_backend_name())
    name = url.render_as_string(hide_password=True)
    message = str(error.orig).strip()
    if isinstance(error.orig, sqlite3.Error):
        meaning = next((text for sign, text in _SQLITE_ERRORS.items() if sign in message), None)
    else:
        state = getattr(error.orig, "sqlstate", None)
        if state is None or state.startswith(("08", "28", "3D", "57P")):
            reason = message.splitlines()[0] if message else "no answer"
            return StoreAwayError(
                f"Can't connect to the database {name} ({reason}). Start the server or correct the "
                "URL."
            )
        meaning = _POSTGRESQL_ERRORS.get(state)
    return StoreError(f"The database {name} {meaning}.") if meaning else None


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # only affects new files
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that becomes a writer can fail immediately instead of waiting for its turn.
    writes = connection.get_execution_options().get("timbre_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

"""Argilla's database made ready: settings of the connection, schema, our tables, the owner."""

import sqlite3
import zlib
from pathlib import Path
from typing import Any

import argilla_server
from alembic import command
from alembic.config import Config
from argilla_server.contexts.accounts import hash_password, verify_password
from argilla_server.database import SyncSessionLocal, async_engine, sync_engine
from argilla_server.enums import UserRole
from argilla_server.models import User
from sqlalchemy import Connection, Engine, event, inspect, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from timbre_argilla.credentials import PUBLISHED_PASSWORDS, Credentials, published
from timbre_argilla.errors import LaunchError
from timbre_argilla.search import textindex

# The last schema of the server version we pin: a start on a database that has it is spared the
# second that Alembic takes to read its revisions.
SCHEMA = "580a6553186f"

LOCK = zlib.crc32(b"timbre-argilla")
_held: list[Connection] = []

for _engine in (sync_engine, async_engine.sync_engine):
    # An error's text would tell the values of its statement: keys of people, and what they wrote.
    _engine.hide_parameters = True


@event.listens_for(Engine, "connect")
def keep_a_log_ahead(connection: Any, _record: Any) -> None:
    """Let readers and one writer work side by side on SQLite; other databases do so anyhow."""
    if not sqlite3_connection(connection):
        return
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def sqlite3_connection(connection: Any) -> bool:
    """Whether a driver's connection is one to SQLite, directly or through aiosqlite's adapter."""
    return isinstance(connection, sqlite3.Connection) or "sqlite" in type(connection).__module__


def prepare(credentials: Credentials) -> None:
    """Bring the schema up to date, add our own tables, and see that the owner can log in.

    Raises `LaunchError` where the database cannot be reached, or somebody in it has a
    published secret.
    """
    try:
        with sync_engine.connect() as connection:
            current = _schema(inspect(connection).get_table_names(), connection)
        _hold_alone()
    except OperationalError as error:
        raise LaunchError(
            f"The database {sync_engine.url.render_as_string()} cannot be opened "
            f"({str(error.orig).strip().splitlines()[0]}); check the URL and that it is running."
        ) from error
    if current != SCHEMA:
        _migrate()
    with SyncSessionLocal() as session:
        textindex.create(session)
        _refuse_published(session, credentials)
        _welcome_owner(session, credentials)
        session.commit()


def _hold_alone() -> None:
    """See that no other server uses the database: it would not see what this one writes.

    A SQLite file is in a home, which is held already; PostgreSQL keeps the lock for as long as
    this connection lives, which is as long as the process.
    """
    if sync_engine.dialect.name != "postgresql":
        return
    holder = sync_engine.connect()
    holder.detach()
    if not holder.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}):
        raise LaunchError(
            f"The database {sync_engine.url.render_as_string()} is already served by another "
            "server; stop that one first, or give this one a database of its own."
        )
    holder.commit()
    _held.append(holder)


def _schema(tables: list[str], connection: Any) -> str | None:
    if "alembic_version" not in tables:
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _migrate() -> None:
    # No file: Argilla's would set up the process's logging.
    config = Config()
    scripts = Path(argilla_server.__file__).parent / "alembic"
    config.set_main_option("script_location", str(scripts))
    command.upgrade(config, "head")


def _refuse_published(session: Session, credentials: Credentials) -> None:
    for user in session.scalars(select(User)):
        what = published(username=user.username, api_key=user.api_key)
        # A password costs half a second to try, and no user made through this server has a
        # published one: only those with power, who may have come with the database, are tried.
        if what is None and user.role != UserRole.annotator and user.api_key != credentials.api_key:
            guessed = (verify_password(word, user.password_hash) for word in PUBLISHED_PASSWORDS)
            what = "a password" if any(guessed) else None
        if what is not None:
            raise LaunchError(
                f"The database has a user {user.username!r} with {what} that Argilla publishes; "
                "delete or change that user before serving this database."
            )


def _welcome_owner(session: Session, credentials: Credentials) -> None:
    owner = session.scalar(select(User).where(User.username == credentials.username))
    if owner is None:
        owner = User(first_name=credentials.username, username=credentials.username)
        session.add(owner)
    elif owner.api_key == credentials.api_key:
        return
    owner.role = UserRole.owner
    owner.api_key = credentials.api_key
    owner.password_hash = hash_password(credentials.password)

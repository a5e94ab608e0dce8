"""Prepare Argilla's database: connection settings, schema, Timbre's tables and the owner."""

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

from timbre_argilla.credentials import DEFAULT_PASSWORDS, Credentials, find_default
from timbre_argilla.errors import LaunchError
from timbre_argilla.search import textindex

# The last schema revision of the pinned server version. If a database already has it, the server
# starts a second faster, because Alembic doesn't need to read the revisions.
SCHEMA = "580a6553186f"

LOCK = zlib.crc32(b"timbre-argilla")
_lock_connections: list[Connection] = []

for _engine in (sync_engine, async_engine.sync_engine):
    # Errors would otherwise quote the statement's values, such as API keys and people's answers.
    _engine.hide_parameters = True


@event.listens_for(Engine, "connect")
def enable_wal(connection: Any, _record: Any) -> None:
    """Let SQLite serve several readers and one writer at the same time."""
    if not _is_sqlite(connection):
        return
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _is_sqlite(connection: Any) -> bool:
    """Return whether a driver connection is to SQLite, either directly or through aiosqlite."""
    return isinstance(connection, sqlite3.Connection) or "sqlite" in type(connection).__module__


def prepare(credentials: Credentials) -> None:
    """Migrate the schema, create Timbre's own tables, and set the owner's credentials.

    Raises `LaunchError` if the database can't be opened, if another server is using it, or if a
    user still has one of Argilla's published default credentials.
    """
    url = sync_engine.url.render_as_string()
    try:
        with sync_engine.connect() as connection:
            schema = _read_schema(connection)
        _lock(url)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise LaunchError(
            f"Can't open the database {url} ({reason}). Check the URL, and make sure that the "
            "database is running."
        ) from error
    if schema != SCHEMA:
        _migrate()
    with SyncSessionLocal() as session:
        textindex.create(session)
        _reject_defaults(session, credentials)
        _ensure_owner(session, credentials)
        session.commit()


def _lock(url: str) -> None:
    """Lock a PostgreSQL database, because two servers wouldn't notice each other's writes.

    The database connection that holds the lock stays open until the process ends. A SQLite database
    doesn't need this lock, because the server's home folder is locked already.
    """
    if sync_engine.dialect.name != "postgresql":
        return
    connection = sync_engine.connect()
    connection.detach()
    if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}):
        raise LaunchError(
            f"The database {url} is already used by another server. "
            "Stop that server, or use another database."
        )
    connection.commit()
    _lock_connections.append(connection)


def _read_schema(connection: Connection) -> str | None:
    if "alembic_version" not in inspect(connection).get_table_names():
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _migrate() -> None:
    # Argilla's own configuration file would also configure logging.
    config = Config()
    scripts = Path(argilla_server.__file__).parent / "alembic"
    config.set_main_option("script_location", str(scripts))
    command.upgrade(config, "head")


def _reject_defaults(session: Session, credentials: Credentials) -> None:
    for user in session.scalars(select(User)):
        default = find_default(username=user.username, api_key=user.api_key)
        # Checking a password takes half a second, and no user created through this server has a
        # default one. Only owners and admins are checked, because the database may come from
        # elsewhere.
        is_privileged = user.role != UserRole.annotator and user.api_key != credentials.api_key
        if default is None and is_privileged:
            checks = (verify_password(word, user.password_hash) for word in DEFAULT_PASSWORDS)
            default = "a password" if any(checks) else None
        if default is not None:
            raise LaunchError(
                f"The database contains the user {user.username!r} with {default} that Argilla "
                "publishes as a default. Change or delete that user before you start the server."
            )


def _ensure_owner(session: Session, credentials: Credentials) -> None:
    owner = session.scalar(select(User).where(User.username == credentials.username))
    if owner is None:
        owner = User(first_name=credentials.username, username=credentials.username)
        session.add(owner)
    elif owner.api_key == credentials.api_key:
        return
    owner.role = UserRole.owner
    owner.api_key = credentials.api_key
    owner.password_hash = hash_password(credentials.password)

"""Create and migrate the database, and check whether its schema is current."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from db.errors import StoreEmptyError, StoreError, StoreVersionError
from db.sql.engine import reading, sqlite_file, writing
from db.sql.tables import TABLES

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
REVISIONS = sorted(file.name[:5] for file in (_MIGRATIONS / "versions").glob("r*.py"))
"""The migrations, oldest first, sorted by the number at the start of each file name."""
REVISION = REVISIONS[-1]


def config(connection: Connection | None = None) -> "Config":
    """Build the Alembic configuration: the migrations folder and the connection to use."""
    from alembic.config import Config  # slow to import (as slow as SQLAlchemy) and rarely used

    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def migrate(engine: Engine) -> bool:
    """Create or upgrade the tables in one transaction, and return whether anything changed.

    Raises `StoreVersionError` if a newer version of Timbre created the database, and `StoreError`
    if it contains another program's tables.
    """
    file = sqlite_file(engine)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    with writing(engine) as connection:
        revision = _revision(connection)
        if revision == REVISION:
            return False
        _check_owner(connection, revision)
        from alembic import command

        command.upgrade(config(connection), "head")
    return True


def check(engine: Engine) -> None:
    """Check that the database schema is current.

    Raises `StoreEmptyError` if the database is missing or has no tables, `StoreVersionError` if its
    schema is older or newer, and `StoreError` if it contains another program's tables.
    """
    file = sqlite_file(engine)
    if file is not None and not file.exists():
        raise StoreEmptyError(
            f"The database {file} doesn't exist. Create it with `timbre doctor --migrate`."
        )
    with reading(engine) as connection:
        revision = _revision(connection)
        if revision == REVISION:
            return
        _check_owner(connection, revision)
        if not inspect(connection).get_table_names():
            raise StoreEmptyError(
                "The database has no tables. Create them with `timbre doctor --migrate`."
            )
    raise StoreVersionError(
        f"The database schema is at migration {revision or 'none'}, but this version of Timbre "
        f"needs {REVISION}. Update it with `timbre doctor --migrate`."
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _check_owner(connection: Connection, revision: str | None) -> None:
    """Raise an error if the tables belong to a newer version of Timbre or to another program."""
    if revision is not None and revision not in REVISIONS:
        raise StoreVersionError(
            f"The database schema is at migration {revision}, but this version of Timbre only "
            f"supports migrations up to {REVISION}. Use the newer Timbre version that created the "
            "database."
        )
    names = {table.name for table in TABLES.values()}
    if revision is None and names & set(inspect(connection).get_table_names()):
        raise StoreError(
            "The database already contains another program's tables with the same names as "
            "Timbre's. Use an empty database."
        )

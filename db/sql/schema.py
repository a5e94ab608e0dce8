"""Create and migrate the database, and check that its schema is current."""

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
"""The migrations, oldest first, sorted by the number at the start of the file's name."""
REVISION = REVISIONS[-1]


def config(connection: Connection | None = None) -> "Config":
    """Alembic's settings: the folder of the migrations and the connection to use."""
    from alembic.config import Config  # takes as long to import as SQLAlchemy, and is rarely used

    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def migrate(engine: Engine) -> bool:
    """Create the tables or bring them up to date in one transaction; True if anything changed.

    Raises `StoreVersionError` if a newer Timbre created the database, `StoreError` if it holds
    another program's tables.
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
    """Check that the database has the current schema.

    Raises `StoreEmptyError` if it is missing or has no tables, `StoreVersionError` if its schema is
    older or newer, `StoreError` if it holds another program's tables.
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
        f"The database is at migration {revision or 'none'}, but this Timbre needs {REVISION}. "
        "Bring it up to date with `timbre doctor --migrate`."
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _check_owner(connection: Connection, revision: str | None) -> None:
    """Raise an error if a newer Timbre or another program created the tables."""
    if revision is not None and revision not in REVISIONS:
        raise StoreVersionError(
            f"The database is at migration {revision}, but this Timbre only knows {REVISION} and "
            "older ones. Use the newer Timbre that created it."
        )
    names = {table.name for table in TABLES.values()}
    if revision is None and names & set(inspect(connection).get_table_names()):
        raise StoreError(
            "This database has another program's tables, named like Timbre's. "
            "Use an empty database."
        )

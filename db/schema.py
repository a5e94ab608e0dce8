"""The shape of a database: bring it up to date, and refuse one that is not."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from db.engine import file_of, reading, writing
from db.errors import StoreEmptyError, StoreError, StoreVersionError
from db.tables import REVISION, TABLES

_MIGRATIONS = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings, which need no file: where the steps are, and the connection to use."""
    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def migrate(engine: Engine) -> bool:
    """Create the tables or bring them up to date, whole or not at all.

    Returns whether anything changed.

    Raises `StoreVersionError` if the database was made by a newer Timbre, `StoreError` if it holds
    tables of another program.
    """
    file = file_of(engine.url.render_as_string(hide_password=False))
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    with writing(engine) as connection:
        found = _revision(connection)
        if found == REVISION:
            return False
        _refuse_strangers(connection, found)
        command.upgrade(config(connection), "head")
    return True


def check(engine: Engine) -> None:
    """Refuse a database that does not have the shape this Timbre works with.

    Raises `StoreEmptyError` if it is missing or has no tables, `StoreVersionError` if it is behind
    or ahead, `StoreError` if it holds tables of another program.
    """
    file = file_of(engine.url.render_as_string(hide_password=False))
    if file is not None and not file.exists():
        raise StoreEmptyError(
            f"found no database at {file}, expected one; make it with `timbre doctor --migrate`"
        )
    with reading(engine) as connection:
        found = _revision(connection)
        if found == REVISION:
            return
        _refuse_strangers(connection, found)
        kind = StoreVersionError if inspect(connection).get_table_names() else StoreEmptyError
    raise kind(
        f"found the database at {found or 'no migration'}, expected {REVISION}; "
        "run `timbre doctor --migrate`"
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_strangers(connection: Connection, found: str | None) -> None:
    known = {step.revision for step in ScriptDirectory.from_config(config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreVersionError(
            f"found the database at {found}, which this Timbre does not know, expected "
            f"{REVISION} or older; use the newer Timbre that made it"
        )
    names = {table.name for table in TABLES.values()}
    if found is None and names & set(inspect(connection).get_table_names()):
        raise StoreError(
            "found tables of another program under our names, expected an empty database; "
            "name another one"
        )

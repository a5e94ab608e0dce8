"""Open the database, creating it on first use and checking that its schema is up to date."""

from pathlib import Path
from typing import TYPE_CHECKING

from timbre.settings import Settings, read_settings

if TYPE_CHECKING:
    from db.store import Store


def open_store(settings: Settings | None = None) -> "Store":
    """Open the database that the settings specify (default: the settings from the environment).

    A SQLite database is created if it doesn't exist yet.

    Raises `StoreError` if the database can't be reached or its schema isn't up to date.
    """
    from db.errors import StoreEmptyError
    from db.store import Store

    settings = settings or read_settings()
    try:
        return Store.open(settings.database_url)
    except StoreEmptyError:
        if sqlite_path(settings.database_url) is None:
            raise
        migrate_database(settings)  # waits if another command is creating it
    return Store.open(settings.database_url)


def migrate_database(settings: Settings) -> bool:
    """Create or upgrade the database, and return whether anything changed.

    Raises `StoreError` if the database can't be reached or was created by a newer version of
    Timbre.
    """
    from db.store import Store

    return Store.migrate(settings.database_url)


def sqlite_path(url: str) -> Path | None:
    """Return the path of a SQLite database from its URL, or None for other databases."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme == "sqlite" else None

"""Open the store: created on first use, rejected if its migrations are behind or ahead."""

from pathlib import Path
from typing import TYPE_CHECKING

from timbre.settings import Settings, read_settings

if TYPE_CHECKING:
    from db.store import Store


def open_store(settings: Settings | None = None) -> "Store":
    """Open the store that these settings name, or the environment's if there are none.

    A missing SQLite database is created.

    Raises `StoreError` if the database can't be reached or isn't at this version's migration.
    """
    from db.errors import StoreEmptyError
    from db.store import Store

    settings = settings or read_settings()
    try:
        return Store.open(settings.database_url)
    except StoreEmptyError:
        if sqlite_path(settings.database_url) is None:
            raise
        migrate_database(settings)  # waits for another command that's doing the same
    return Store.open(settings.database_url)


def migrate_database(settings: Settings) -> bool:
    """Create or upgrade the database; True if anything changed.

    Raises `StoreError` if it can't be reached, or a newer Timbre made it.
    """
    from db.store import Store

    return Store.migrate(settings.database_url)


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for other databases."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme == "sqlite" else None

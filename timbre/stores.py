"""Opening the store: created on first use, refused when its migrations are behind or ahead."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from db.records import Record
from timbre.settings import Settings, read_settings

if TYPE_CHECKING:
    from db.store import Store

Kind = TypeVar("Kind", bound=Record)


def open_store(settings: Settings | None = None) -> "Store":
    """The store of these settings (of the environment where none are given).

    A SQLite database that is not there yet is created; an older or newer one is refused.

    Raises `StoreError` if the database cannot be reached or is not at this code's migration.
    """
    from db.errors import StoreEmptyError
    from db.store import Store

    settings = settings or read_settings()
    try:
        return Store.open(settings.database_url)
    except StoreEmptyError:
        if sqlite_path(settings.database_url) is None:
            raise
        migrate_database(settings)  # which waits for another command that does so
    return Store.open(settings.database_url)


def migrate_database(settings: Settings) -> bool:
    """Create the database or bring it up to date; True if anything changed.

    Raises `StoreError` if it cannot be reached, or was made by a newer Timbre.
    """
    from db.store import Store

    return Store.migrate(settings.database_url)


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL, None for another database."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme == "sqlite" else None


def found_as(store: "Store", kind: type[Kind], prefix: str) -> Kind:
    """The record of one kind that an id or its beginning means.

    Raises `StoreError` if nothing or more than one thing is found, or a record of another
    kind.
    """
    from db.errors import StoreError

    record = store.find(prefix)
    if not isinstance(record, kind):
        raise StoreError(
            f"found a {type(record).__name__.lower()} under {prefix}, expected a "
            f"{kind.__name__.lower()}; give the id of one"
        )
    return record


def kept(store: "Store", kind: type[Kind], id: str) -> Kind:
    """The record of an id that another record refers to.

    Raises `StoreError` if it is not there (any more).
    """
    from db.errors import StoreError

    record = store.get(kind, id)
    if record is None:
        raise StoreError(
            f"found no {kind.__name__.lower()} {id[:12]}, expected the one that another record "
            "refers to; it may have been erased on request"
        )
    return record


def size(store: "Store") -> int:
    """How many records of all types the store holds."""
    from db.tables import TABLES

    return sum(store.count(kind) for kind in TABLES)

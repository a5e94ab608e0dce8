"""Notify the server about the RQ worker's changes, because the server caches records for searches.

Messages are sent with the `NOTIFY` command of the PostgreSQL database that the server and the
worker share. If the server loses its connection to the database, it clears the search cache and
reloads all data.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from uuid import UUID

import asyncpg
from sqlalchemy import Engine, text

from timbre_argilla.search.table import TableCache

CHANNEL = "timbre_written"
IDS_PER_MESSAGE = 150
"""Limited because a PostgreSQL message can have at most 8000 bytes, and an id takes 40."""

RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class RemoteTables(TableCache):
    """The worker's substitute for the search cache, which reports changes to the server."""

    def __init__(self, engine: Engine) -> None:
        """Create a substitute that sends messages to the server through the given database."""
        super().__init__()
        self._engine = engine

    def touch(self, records: Iterable[UUID], dataset: UUID | None = None) -> None:
        """Report that records were written or deleted."""
        ids = list(records)
        for start in range(0, len(ids), IDS_PER_MESSAGE):
            self._send("touch", ids[start : start + IDS_PER_MESSAGE], dataset)

    def drop(self, dataset: UUID) -> None:
        """Report that a dataset was deleted or its columns have changed."""
        self._send("drop", dataset)

    def clear(self) -> None:
        """Report that all data may have changed."""
        self._send("clear")

    def _send(self, method: str, *arguments: UUID | list[UUID] | None) -> None:
        message = json.dumps([method, *arguments], default=str)
        with self._engine.begin() as connection:
            connection.execute(
                text("SELECT pg_notify(:channel, :message)"),
                {"channel": CHANNEL, "message": message},
            )


class ChangeListener:
    """Updates the server's search cache when messages from the worker arrive.

    When the listener reconnects after losing the database connection, it clears the cache, because
    it may have missed messages.
    """

    def __init__(self, tables: TableCache, url: str) -> None:
        """Create a listener for the database at `url` that updates the search cache `tables`."""
        self._tables = tables
        self._url = url
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start listening."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_until_disconnect()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("Can't reach PostgreSQL (%s); retrying every second", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_until_disconnect(self) -> None:
        connection = await asyncpg.connect(self._url)
        disconnect = asyncio.Event()
        connection.add_termination_listener(lambda _connection: disconnect.set())
        try:
            await connection.add_listener(CHANNEL, lambda *event: apply(self._tables, event[3]))
            self._tables.clear()
            await disconnect.wait()
        finally:
            connection.terminate()


def apply(tables: TableCache, message: str) -> None:
    """Update a search cache with the change that a message describes.

    Raises `ValueError` if the message isn't one that `RemoteTables` sends.
    """
    method, *arguments = json.loads(message)
    if method not in ("touch", "drop", "clear"):
        raise ValueError(
            f"Unknown message {method}. Make sure that the server and the worker run the same "
            "version of this package."
        )
    getattr(tables, method)(*map(_parse_ids, arguments))


def _parse_ids(argument: list[str] | str | None) -> list[UUID] | UUID | None:
    if isinstance(argument, list):
        return [UUID(one) for one in argument]
    return UUID(argument) if argument else None

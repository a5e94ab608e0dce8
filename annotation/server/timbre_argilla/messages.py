"""What the RQ worker writes, told to the server, which keeps records in memory to search them.

Both use one PostgreSQL, which carries the messages (`NOTIFY`): a message that cannot be delivered
cannot be lost either, since the server that was away forgets what it kept and reads it again.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Engine, text

from timbre_argilla.search.table import Shelf

CHANNEL = "timbre_written"
IDS_AT_ONCE = 150
"""A message of PostgreSQL's has less than 8000 bytes; an id takes 40."""

AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


class Messenger(Shelf):
    """A shelf that holds nothing, and passes on what it is told."""

    def __init__(self, engine: Engine) -> None:
        """Send through this database."""
        super().__init__()
        self._engine = engine

    def touch(self, dataset: UUID, records: Iterable[UUID]) -> None:
        """Records of a dataset were written or deleted."""
        for some in _chunks(records):
            self._send("touch", dataset, some)

    def touch_any(self, records: Iterable[UUID]) -> None:
        """These records, of whichever dataset, were written."""
        for some in _chunks(records):
            self._send("touch_any", some)

    def forget_schema(self, dataset: UUID) -> None:
        """A dataset's fields, questions, properties or vectors came or went."""
        self._send("forget_schema", dataset)

    def drop(self, dataset: UUID) -> None:
        """A dataset is gone."""
        self._send("drop", dataset)

    def clear(self) -> None:
        """Anything may have changed."""
        self._send("clear")

    def _send(self, what: str, *subjects: UUID | list[UUID]) -> None:
        written = json.dumps([what, *subjects], default=str)
        with self._engine.begin() as connection:
            connection.execute(
                text("SELECT pg_notify(:channel, :written)"),
                {"channel": CHANNEL, "written": written},
            )


class Ear:
    """Hears what others write, and tells the shelf.

    A connection that breaks is made anew, and the shelf emptied: it may have missed something.
    """

    def __init__(self, shelf: Shelf, url: str) -> None:
        """Listen at this database, for this shelf."""
        self._shelf = shelf
        self._url = url
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Listen no more."""
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("PostgreSQL is away (%s); it is asked again every second", error)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _listen_once(self) -> None:
        connection = await asyncpg.connect(self._url)
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _connection: ended.set())
        try:
            await connection.add_listener(CHANNEL, lambda *message: tell(self._shelf, message[3]))
            self._shelf.clear()
            await ended.wait()
        finally:
            connection.terminate()


def tell(shelf: Shelf, written: str) -> None:
    """Tell a shelf what a message says; one it cannot have written itself is not heeded."""
    what, *subjects = json.loads(written)
    if what not in ("touch", "touch_any", "forget_schema", "drop", "clear"):
        raise ValueError(f"{what} is no message of ours")
    getattr(shelf, what)(*(_ids(subject) for subject in subjects))


def _ids(subject: Any) -> Any:
    return [UUID(one) for one in subject] if isinstance(subject, list) else UUID(subject)


def _chunks(records: Iterable[UUID]) -> Iterable[list[UUID]]:
    every = list(records)
    return [every[i : i + IDS_AT_ONCE] for i in range(0, len(every), IDS_AT_ONCE)]

"""The queue between those that see what is to be done and those that do it: SQLite, or Redis.

Messages are JSON: huey's own are pickles, which run code of whoever can write to the Redis.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from redis.exceptions import RedisError

from timbre.jobs import Job
from timbre.settings import Settings, SettingsError

NAME = "timbre"
UNREACHABLE = (RedisError,)
"""What a queue raises that may be reached again later."""


class JsonMessages(Serializer):  # type: ignore[misc] # huey ships no types
    """Messages as JSON, which holds values alone."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class JobQueue:
    """Jobs that wait for a worker; putting one in that waits already changes nothing."""

    def __init__(self, settings: Settings, perform: Callable[[Job], None]) -> None:
        """Open the queue of these settings; `perform` does a job that was taken from it."""
        self._huey = _open(settings)
        self._perform = self._huey.task(name="perform")(lambda **job: perform(Job(**job)))

    def put(self, job: Job) -> bool:
        """Put a job in; False if it waits there already."""
        if any(task.kwargs == asdict(job) for task in self._huey.pending()):
            return False
        self._perform(**asdict(job))
        return True

    def do_next(self) -> bool:
        """Do the job that has waited longest; False if none waits."""
        task = self._huey.dequeue()
        if task is None:
            return False
        self._huey.execute(task)
        return True


def _open(settings: Settings) -> Huey:
    kept: dict[str, Any] = {"results": False, "serializer": JsonMessages()}
    if not settings.queue_url:
        settings.home.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(NAME, filename=str(settings.home / "queue.db"), **kept)
    if settings.queue_url.partition("://")[0] not in ("redis", "rediss", "unix"):
        raise SettingsError(
            "found a TIMBRE_QUEUE_URL that begins otherwise, expected redis://, rediss:// or "
            "unix://; leave it out for a queue in SQLite"
        )
    return RedisHuey(NAME, url=settings.queue_url, read_timeout=1, **kept)

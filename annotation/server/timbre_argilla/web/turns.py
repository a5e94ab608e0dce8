"""Share the server fairly between its clients: users, and addresses without valid credentials.

The server handles one request per client at a time. While several clients are active, a client that
has used up its burst of CPU time gets only a share of one CPU core, so its requests have to wait.
Owners and admins, who upload records, aren't limited.
"""

import logging
import time
import types
from asyncio import Lock, sleep
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BURST_SECONDS = 1.0
SHARE = 0.2
"""The share of a CPU core that each client gets.

People who review in the web UI use less than a tenth of this share.
"""
REQUEST_SECONDS = 0.0005
"""The CPU seconds that it takes to receive a request and to send the response."""
RECENT_SECONDS = 1.0
MAX_CLIENTS = 1000
MAX_STEP_SECONDS = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Requester:
    """The user who sent a request; `is_admin` is true for owners as well as admins."""

    id: str
    is_admin: bool


@dataclass(eq=False)
class Client:
    """A client of the server, and the CPU time that the client has used recently.

    Attributes:
        turn: The lock that a request holds until the response begins.
        used: The CPU seconds that count against the client, as of `time`.
        time: The last time at which the client used the CPU.
    """

    turn: Lock = field(default_factory=Lock)
    used: float = 0.0
    time: float = 0.0

    def use(self, seconds: float) -> None:
        """Add CPU time that the client has used."""
        now = time.monotonic()
        self.used = max(0.0, self.used - SHARE * (now - self.time)) + seconds
        self.time = now

    def wait_seconds(self) -> float:
        """Return how many seconds the client's next request has to wait."""
        used = self.used - SHARE * (time.monotonic() - self.time)
        return max(0.0, used - BURST_SECONDS) / SHARE


@dataclass
class Usage:
    """The CPU seconds of a request and of its longest step, during which other requests wait."""

    total: float = REQUEST_SECONDS
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Add the CPU seconds of a step."""
        self.total += seconds
        self.longest = max(self.longest, seconds)


class Turns:
    """Lets the clients of the server take turns."""

    def __init__(self) -> None:
        """Start without clients."""
        self._clients: dict[str, Client] = {}
        self._requesters: dict[str, Requester] = {}

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application handle a request as soon as it's the turn of the request's client.

        If the request has valid credentials, the application stores the user as `requester` in the
        scope's state.
        """
        headers = Headers(scope=scope)
        credentials = headers.get("x-argilla-api-key") or headers.get("authorization", "")
        requester = self._requesters.get(credentials)
        client = self._find(requester.id if requester else (scope["client"] or ("",))[0])
        state, usage = scope.setdefault("state", {}), Usage()
        async with AsyncExitStack() as turn:
            if not (requester and requester.is_admin):
                await turn.enter_async_context(client.turn)
                if (seconds := client.wait_seconds()) and self._has_others(client):
                    await sleep(seconds)

            async def end_turn_and_send(message: Message) -> None:
                # The turn ends here, because the client may read the response slowly.
                await turn.aclose()
                await send(message)

            try:
                await meter(app(scope, receive, end_turn_and_send), usage)
            finally:
                if requester := state.get("requester"):
                    self._remember(credentials, requester)
                    client = self._find(requester.id)
                client.use(usage.total)
                if usage.longest > MAX_STEP_SECONDS and not (requester and requester.is_admin):
                    path = getattr(scope.get("route"), "path", "an unknown path")
                    log.warning("%s kept others waiting for %.2f s", path, usage.longest)

    def _find(self, key: str) -> Client:
        if key not in self._clients and len(self._clients) >= MAX_CLIENTS:
            self._clients = {k: one for k, one in self._clients.items() if _is_recent(one)}
        return self._clients.setdefault(key, Client())

    def _remember(self, credentials: str, requester: Requester) -> None:
        if len(self._requesters) >= MAX_CLIENTS:
            self._requesters.clear()
        self._requesters[credentials] = requester

    def _has_others(self, client: Client) -> bool:
        return any(one is not client and _is_recent(one) for one in self._clients.values())


def _is_recent(client: Client) -> bool:
    return time.monotonic() - client.time < RECENT_SECONDS


@types.coroutine
def meter(work: Awaitable[None], usage: Usage) -> Generator[Any, Any, None]:
    """Run a coroutine, and add the CPU time of each of its steps to `usage`."""
    coroutine: Any = work
    step: Callable[[Any], Any] = coroutine.send
    argument: Any = None
    while True:
        begin = time.thread_time()
        try:
            awaited = step(argument)
        except StopIteration:
            return
        finally:
            usage.add(time.thread_time() - begin)
        try:
            step, argument = coroutine.send, (yield awaited)
        except BaseException as error:
            step, argument = coroutine.throw, error

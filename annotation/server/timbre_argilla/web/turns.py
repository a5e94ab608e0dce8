"""Share the server fairly between clients: users, and addresses that send no valid credentials.

A client has one request handled at a time. If it has used its burst of CPU time, it gets no more
than its share of a core while there are other clients. Owners and admins, who upload records,
aren't limited. Requests that exceed a limit wait.
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
"""People who review in the web UI use less than a tenth of that."""
REQUEST_SECONDS = 0.0005
"""What the server needs to receive a request and to send the response."""
RECENT_SECONDS = 1.0
MAX_CLIENTS = 1000
MAX_STEP_SECONDS = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Requester:
    """A user who sent a request; `is_admin` also for owners."""

    id: str
    is_admin: bool


@dataclass(eq=False)
class Client:
    """What a client has used lately.

    Attributes:
        turn: Held by the request that is handled, until its response begins.
        used: CPU seconds that it hasn't made up for, as of `time`.
        time: When it last used any.
    """

    turn: Lock = field(default_factory=Lock)
    used: float = 0.0
    time: float = 0.0

    def use(self, seconds: float) -> None:
        """Add CPU time."""
        now = time.monotonic()
        self.used = max(0.0, self.used - SHARE * (now - self.time)) + seconds
        self.time = now

    def wait_seconds(self) -> float:
        """How long the next request must wait."""
        used = self.used - SHARE * (time.monotonic() - self.time)
        return max(0.0, used - BURST_SECONDS) / SHARE


@dataclass
class Usage:
    """The CPU seconds of a request, and of its longest step, during which all others wait."""

    total: float = REQUEST_SECONDS
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Add a step."""
        self.total += seconds
        self.longest = max(self.longest, seconds)


class Turns:
    """The clients that have sent requests lately."""

    def __init__(self) -> None:
        """Start without clients."""
        self._clients: dict[str, Client] = {}
        self._requesters: dict[str, Requester] = {}

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let an application handle a request when it is its client's turn.

        The application sets `requester` in the scope's state if the credentials are valid.
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
                # The response is ready, and may be read slowly.
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
    """Do some work, and add the CPU time of each of its steps."""
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

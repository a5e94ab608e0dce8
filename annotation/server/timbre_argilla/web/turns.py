"""Share the server fairly between clients, by the key, token or address of their requests.

Each has only a few requests handled at once. A client that has used its burst of CPU time gets no
more than its share of a core while there are other clients. Owners and admins, who upload records,
have no such share. Requests that exceed a limit wait.
"""

import time
import types
from asyncio import Semaphore, sleep
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

MAX_PARALLEL = 6
"""As many connections as browsers open to one server."""
BURST_SECONDS = 1.0
SHARE = 0.2
"""People who review in the web UI use less than a tenth of that."""
REQUEST_SECONDS = 0.0005
"""What the server needs to receive a request and to send the response."""
RECENT_SECONDS = 1.0
MAX_CLIENTS = 1000


@dataclass(eq=False)
class Client:
    """What a client has used lately.

    Attributes:
        turns: Held by each request while it is handled.
        used: CPU seconds that it hasn't made up for, as of `time`.
        time: When it last used any.
    """

    turns: Semaphore = field(default_factory=lambda: Semaphore(MAX_PARALLEL))
    used: float = 0.0
    time: float = 0.0

    def use(self, seconds: float) -> None:
        """Add CPU time."""
        now = time.monotonic()
        self.used = max(0.0, self.used - SHARE * (now - self.time)) + seconds
        self.time = now

    def wait_seconds(self) -> float:
        """How long the next request must wait."""
        self.use(0.0)
        return max(0.0, self.used - BURST_SECONDS) / SHARE


class Turns:
    """The clients that have sent requests lately."""

    def __init__(self) -> None:
        """Start without clients."""
        self._clients: dict[str, Client] = {}

    async def run(self, scope: Scope, handling: Coroutine[Any, Any, None]) -> None:
        """Handle a request when it is its client's turn.

        For owners and admins, whatever handles it sets `is_admin` in the scope's state.
        """
        client = self._find(scope)
        state, used = scope.setdefault("state", {}), REQUEST_SECONDS

        def note(seconds: float) -> None:
            nonlocal used
            used += seconds

        async with client.turns:
            if (seconds := client.wait_seconds()) and self._has_others(client):
                await sleep(seconds)
            try:
                await meter(handling, note)
            finally:
                client.use(0.0 if state.get("is_admin") else used)

    def _find(self, scope: Scope) -> Client:
        headers = Headers(scope=scope)
        credentials = headers.get("x-argilla-api-key") or headers.get("authorization")
        key = credentials or (scope["client"] or ("",))[0]
        if key not in self._clients and len(self._clients) >= MAX_CLIENTS:
            self._clients = {k: one for k, one in self._clients.items() if _is_recent(one)}
        return self._clients.setdefault(key, Client())

    def _has_others(self, client: Client) -> bool:
        return any(one is not client and _is_recent(one) for one in self._clients.values())


def _is_recent(client: Client) -> bool:
    return time.monotonic() - client.time < RECENT_SECONDS


@types.coroutine
def meter(
    coroutine: Coroutine[Any, Any, None], note: Callable[[float], None]
) -> Generator[Any, Any, None]:
    """Run a coroutine, and note the CPU time of each of its steps."""
    step: Callable[[Any], Any] = coroutine.send
    argument: Any = None
    while True:
        begin = time.thread_time()
        try:
            awaited = step(argument)
        except StopIteration:
            return
        finally:
            note(time.thread_time() - begin)
        try:
            step, argument = coroutine.send, (yield awaited)
        except BaseException as error:
            step, argument = coroutine.throw, error

"""Let each client have only a few requests handled at once; its others wait for their turn."""

import asyncio
from weakref import WeakValueDictionary

from starlette.datastructures import Headers
from starlette.types import Scope

MAX_PARALLEL = 6
"""As many connections as browsers open to one server."""


class Turns:
    """The clients that have requests, by the key, token or address that they came with."""

    def __init__(self) -> None:
        """Start without requests."""
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, scope: Scope) -> asyncio.Semaphore:
        """What a request must hold while it is handled."""
        headers = Headers(scope=scope)
        credentials = headers.get("x-argilla-api-key") or headers.get("authorization")
        client = credentials or (scope["client"] or ("",))[0]
        turns = self._turns.get(client)
        if turns is None:
            turns = self._turns[client] = asyncio.Semaphore(MAX_PARALLEL)
        return turns

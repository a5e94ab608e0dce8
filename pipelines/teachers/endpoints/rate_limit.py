"""A limit on concurrent requests that adapts to what the endpoint accepts."""

import asyncio
import sys
from collections.abc import Callable


class ConcurrencyLimit:
    """A limit that grows by one after a round of successes and halves on “too many requests”."""

    def __init__(self, width: int = sys.maxsize, max_width: int = sys.maxsize) -> None:
        """A limit for one event loop: `width` requests at first and never over `max_width`."""
        self.width = max(1, min(width, max_width))
        self._max_width = max_width
        self._running = 0
        self._successes = 0
        self._changed = asyncio.Condition()

    async def enter(self, fits: Callable[[], bool]) -> bool:
        """Wait until a request may run and fits the budget; return whether it fits.

        The result is False if the request doesn't fit and no running request could free any budget.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._running < self.width and (fits() or not self._running)
            )
            if not fits():
                self._changed.notify_all()
                return False
            self._running += 1
            return True

    async def leave(self) -> None:
        """End a request."""
        async with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def count_success(self) -> None:
        """Count a success; a whole round of them raises the limit by one."""
        self._successes += 1
        if self._successes >= self.width and self.width < self._max_width:
            self.width, self._successes = self.width + 1, 0

    def halve(self) -> None:
        """Halve the limit."""
        self.width, self._successes = max(1, self.width // 2), 0

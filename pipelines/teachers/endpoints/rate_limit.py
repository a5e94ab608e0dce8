"""A limit on concurrent requests that adapts to what the endpoint accepts."""

import asyncio
import sys
from collections.abc import Callable


class ConcurrencyLimit:
    """A limit that grows after each round of successes and halves on “too many requests”."""

    def __init__(self, width: int = sys.maxsize, max_width: int = sys.maxsize) -> None:
        """Create a limit for one event loop: `width` requests at first, and at most `max_width`."""
        self.width = max(1, min(width, max_width))
        self._max_width = max_width
        self._running = 0
        self._successes = 0
        self._changed = asyncio.Condition()

    async def enter(self, fits: Callable[[], bool]) -> bool:
        """Wait until a request may run, and return whether it fits the budget.

        Returns False if the request doesn't fit and no running request could free enough budget.
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
        """Release the slot of a finished request."""
        async with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def count_success(self) -> None:
        """Count a success. A whole round of successes raises the limit by one."""
        self._successes += 1
        if self._successes >= self.width and self.width < self._max_width:
            self.width, self._successes = self.width + 1, 0

    def halve(self) -> None:
        """Halve the limit."""
        self.width, self._successes = max(1, self.width // 2), 0

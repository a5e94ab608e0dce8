"""How many requests may run side by side, learned from what the endpoint takes."""

import asyncio
from collections.abc import Callable


class Pace:
    """A gate that widens by one after a round of successes and halves on “too many requests”."""

    def __init__(self, width: int, widest: int) -> None:
        """A gate for one event loop.

        Args:
            width: how many may pass at first.
            widest: how many may ever pass.
        """
        self.width = max(1, min(width, widest))
        self._widest = widest
        self._inside = 0
        self._well = 0
        self._changed = asyncio.Condition()

    async def enter(self, fits: Callable[[], bool]) -> bool:
        """Waits until there is room and what is asked fits; whether it may pass.

        It may not if it does not fit though nobody is inside who could make room.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._inside < self.width and (fits() or not self._inside)
            )
            if not fits():
                self._changed.notify_all()
                return False
            self._inside += 1
            return True

    async def leave(self) -> None:
        """Makes room."""
        async with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def went_well(self) -> None:
        """Counts a success; a whole round of them widens the gate by one."""
        self._well += 1
        if self._well >= self.width and self.width < self._widest:
            self.width, self._well = self.width + 1, 0

    def too_many(self) -> None:
        """Halves the gate."""
        self.width, self._well = max(1, self.width // 2), 0

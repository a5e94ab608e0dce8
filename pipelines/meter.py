"""What a run asks of its teacher: tokens and dollars counted as they come, and where to stop."""

from collections.abc import Sequence
from dataclasses import dataclass

SPENT = "limit reached"
_CHARACTERS_A_TOKEN = 4
_MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens read and written."""

    input: float = 0.0
    output: float = 0.0

    def of(self, read: int, written: int) -> float:
        """What some tokens cost, in US dollars."""
        return (read * self.input + written * self.output) / _MILLION


@dataclass
class Meter:
    """Counts what is asked for and says whether more may be; `None` is no limit.

    Replies taken from the journal cost nothing and are counted apart, as `known`. While a reply
    is awaited its worst case is held back, so that no limit is passed.
    """

    prices: Prices = Prices()
    max_usd: float | None = None
    max_tokens: int | None = None
    asked: int = 0
    known: int = 0
    read: int = 0
    written: int = 0
    stopped: bool = False
    _held_read: int = 0
    _held_written: int = 0

    @property
    def usd(self) -> float:
        """What was spent so far."""
        return self.prices.of(self.read, self.written)

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.max_usd is not None or self.max_tokens is not None

    def fits(self, read: int, written: int) -> bool:
        """Whether a reply of at most so many tokens stays within the limits."""
        read, written = (
            self.read + self._held_read + read,
            self.written + self._held_written + written,
        )
        tokens = self.max_tokens is None or read + written <= self.max_tokens
        return tokens and (self.max_usd is None or self.prices.of(read, written) <= self.max_usd)

    def hold(self, read: int, written: int) -> None:
        """Holds the worst case of a request back; a negative one lets it go."""
        self._held_read += read
        self._held_written += written

    def count(self, read: int, written: int) -> None:
        """Counts a reply that came."""
        self.asked += 1
        self.read += read
        self.written += written


def about_tokens(chat: Sequence[dict[str, str]]) -> int:
    """About how many tokens a chat has, where nobody says."""
    return sum(len(message["content"]) for message in chat) // _CHARACTERS_A_TOKEN + 1

"""Track the tokens and dollars that a run spends on its teacher, and enforce limits."""

from collections.abc import Sequence
from dataclasses import dataclass

LIMIT_REACHED = "limit reached"
_CHARACTERS_PER_TOKEN = 4
_MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """The prices per million input and output tokens in US dollars."""

    input: float = 0.0
    output: float = 0.0

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return the cost of input and output tokens in US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / _MILLION

    def at(self, share: float) -> "Prices":
        """Return these prices multiplied by `share`."""
        return Prices(self.input * share, self.output * share)


@dataclass
class Meter:
    """Counts the requests and tokens of a run, and checks them against limits.

    A limit that is None isn't checked. `share` is the fraction of the usual price that a request
    costs, such as 0.5 with a provider's batch API.

    Replies from the journal are free and count only as `cached`. `repairs` counts the replies whose
    JSON had to be repaired. While a request is pending, its maximum cost is reserved, so that
    concurrent requests can't exceed a limit together.
    """

    prices: Prices = Prices()
    max_usd: float | None = None
    max_tokens: int | None = None
    requests: int = 0
    cached: int = 0
    repairs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    is_stopped: bool = False
    _saved_usd: float = 0.0
    _reserved_tokens: int = 0
    _reserved_usd: float = 0.0

    @property
    def usd(self) -> float:
        """The dollars spent so far."""
        return self.prices.cost(self.input_tokens, self.output_tokens) - self._saved_usd

    @property
    def has_limit(self) -> bool:
        """Whether the meter has a dollar or token limit."""
        return self.max_usd is not None or self.max_tokens is not None

    def fits(self, input_tokens: int, output_tokens: int, share: float = 1.0) -> bool:
        """Whether the limits allow a request with at most this many tokens."""
        new = input_tokens + output_tokens
        tokens = self.input_tokens + self.output_tokens + self._reserved_tokens + new
        if self.max_tokens is not None and tokens > self.max_tokens:
            return False
        usd = self.usd + self._reserved_usd + share * self.prices.cost(input_tokens, output_tokens)
        return self.max_usd is None or usd <= self.max_usd

    def reserve(self, input_tokens: int, output_tokens: int, share: float = 1.0) -> None:
        """Reserve the maximum cost of a request.

        To release a reservation, pass the same numbers as negative values.
        """
        self._reserved_tokens += input_tokens + output_tokens
        self._reserved_usd += share * self.prices.cost(input_tokens, output_tokens)

    def count(self, input_tokens: int, output_tokens: int, share: float = 1.0) -> None:
        """Add the tokens of a reply to the totals."""
        self.requests += 1
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self._saved_usd += (1 - share) * self.prices.cost(input_tokens, output_tokens)


def estimate_tokens(chat: Sequence[dict[str, str]]) -> int:
    """Estimate the number of tokens in a chat, for teachers that don't report token counts.

    The estimate assumes four characters per token.
    """
    return sum(len(message["content"]) for message in chat) // _CHARACTERS_PER_TOKEN + 1

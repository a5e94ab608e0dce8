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


@dataclass
class Meter:
    """Counts requests and tokens, and checks them against limits. A limit of None means no limit.

    Replies from the journal are free and count only as `cached`. The worst-case cost of each
    pending request is reserved, so that concurrent requests can't jointly exceed a limit.
    """

    prices: Prices = Prices()
    max_usd: float | None = None
    max_tokens: int | None = None
    requests: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    is_stopped: bool = False
    _reserved_input: int = 0
    _reserved_output: int = 0

    @property
    def usd(self) -> float:
        """The amount spent so far, in US dollars."""
        return self.prices.cost(self.input_tokens, self.output_tokens)

    @property
    def has_limit(self) -> bool:
        """Whether the meter has a dollar or token limit."""
        return self.max_usd is not None or self.max_tokens is not None

    def fits(self, input_tokens: int, output_tokens: int) -> bool:
        """Return whether a request that uses at most this many tokens stays within the limits."""
        total_input = self.input_tokens + self._reserved_input + input_tokens
        total_output = self.output_tokens + self._reserved_output + output_tokens
        if self.max_tokens is not None and total_input + total_output > self.max_tokens:
            return False
        return self.max_usd is None or self.prices.cost(total_input, total_output) <= self.max_usd

    def reserve(self, input_tokens: int, output_tokens: int) -> None:
        """Reserve the worst-case cost of a request.

        To release a reservation, pass negative numbers.
        """
        self._reserved_input += input_tokens
        self._reserved_output += output_tokens

    def count(self, input_tokens: int, output_tokens: int) -> None:
        """Count a reply."""
        self.requests += 1
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens


def estimate_tokens(chat: Sequence[dict[str, str]]) -> int:
    """Estimate the tokens of a chat for teachers that don't report them.

    The estimate assumes four characters per token.
    """
    return sum(len(message["content"]) for message in chat) // _CHARACTERS_PER_TOKEN + 1

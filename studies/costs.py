"""The cost of an answer in tokens, seconds and US dollars."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Output
from studies.config import Prices
from trainer.chat import Chat
from trainer.models.loading import load_tokenizer
from trainer.models.lookup import resolve


@dataclass(frozen=True)
class Usage:
    """The mean cost per answer: input tokens, output tokens, seconds and US dollars."""

    input_tokens: float
    output_tokens: float
    seconds: float
    cost: float


def mean_usage(outputs: Sequence[Output], chat: Chat, prices: Prices) -> Usage:
    """Compute the mean cost per answer, including the drafts of rewritten answers."""
    count = max(len(outputs), 1)
    input_tokens = sum(len(chat.encode_prompt(output.messages)) for output in outputs) / count
    output_tokens = sum(output.output_tokens for output in outputs) / count
    seconds = sum(output.seconds for output in outputs) / count
    usd = (input_tokens * prices.input_million + output_tokens * prices.output_million) / 1e6
    usd += seconds / 3600 * prices.machine_hour
    return Usage(input_tokens, output_tokens, seconds, usd)


def load_chat(base: str, revision: str = "") -> Chat:
    """Load the tokenizer and chat template of a base model, for counting tokens."""
    return Chat.from_tokenizer(load_tokenizer(resolve(base, revision)))

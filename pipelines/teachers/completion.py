"""Prompts, completions, and the base class of teachers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from distilabel.models.llms.base import LLM

from pipelines.prompting import ChatMessages
from pipelines.text.reasoning import strip_reasoning

CUT_OFF = "the reply was cut off at max_tokens"
DECLINED = "the model declined"
EMPTY = "an empty reply"
FILTERED = "the provider's content filter stopped the reply"
INTERRUPTED = "the endpoint stopped before the reply's end"
ONLY_REASONING = "reasoning without an answer"
TOO_LONG = "prompt too long for the model"
_REASON_OF_FINISH = {
    **dict.fromkeys(("length", "max_tokens", "model_length", "max_output_tokens"), CUT_OFF),
    **dict.fromkeys(("model_context_window_exceeded", "incomplete"), CUT_OFF),
    **dict.fromkeys(("content_filter", "content-filter", "safety", "recitation"), FILTERED),
    **dict.fromkeys(("prohibited_content", "blocklist", "spii", "sensitive"), FILTERED),
    **dict.fromkeys(("error", "abort", "network_error", "cancelled"), INTERRUPTED),
    **dict.fromkeys(("insufficient_system_resource", "malformed_function_call"), INTERRUPTED),
}


class Prompt(NamedTuple):
    """A chat with the JSON schema of its reply, for teachers that support schemas."""

    chat: ChatMessages
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Completion:
    """A teacher's reply; if `text` is None, `reason` says why and `raw` contains the raw text.

    Token counts are None if the teacher doesn't report them. `seconds` is the duration of the
    request, if it was measured.
    """

    text: str | None
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    reason: str = ""
    raw: str = ""
    seconds: float = 0.0


OnReply: TypeAlias = Callable[[int, Completion], None]
"""A callback that receives the index of a prompt and its reply."""


def to_output(*completions: Completion) -> dict[str, Any]:
    """Convert the completions of one prompt to distilabel's format."""
    output: dict[str, Any] = {
        "generations": [completion.text for completion in completions],
        "statistics": {
            "input_tokens": [completion.input_tokens or 0 for completion in completions],
            "output_tokens": [completion.output_tokens or 0 for completion in completions],
        },
    }
    if any(completion.reason for completion in completions):
        output["reason"] = [completion.reason for completion in completions]
        output["raw"] = [completion.raw for completion in completions]
    return output


def classify(text: Any, counts: Sequence[Any], finish_reason: Any, refusal: Any) -> Completion:
    """Convert an API's reply to a completion, which contains a reason if the reply can't be used.

    Text that isn't a string is treated as empty, and a count that isn't a number is treated as
    missing.
    """
    text = text if isinstance(text, str) else ""
    answer = strip_reasoning(text)
    read, wrote = (count if isinstance(count, int) else None for count in counts)
    reason, raw = _REASON_OF_FINISH.get(str(finish_reason).lower(), ""), answer
    if refusal:
        reason, raw = DECLINED, str(refusal)
    elif not reason and not answer.strip():
        reason = ONLY_REASONING if text.strip() else EMPTY
    if reason:
        return Completion(None, read, wrote, reason, raw.strip())
    return Completion(answer, read, wrote)


class Teacher(LLM):
    """The base class of teachers with one reply per prompt.

    Subclasses implement `ask` or `stream`.
    """

    name: str = ""

    @property
    def model_name(self) -> str:
        """The teacher's name as written in a campaign file."""
        return self.name

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return the replies in prompt order."""
        completions: dict[int, Completion] = {}
        self.stream(prompts, completions.__setitem__)
        return [completions[number] for number in range(len(prompts))]

    def stream(self, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
        """Send all prompts and pass each reply to a callback, ideally as soon as it arrives."""
        for number, completion in enumerate(self.ask(prompts)):
            on_reply(number, completion)

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """Return the replies to chats, or to (chat, schema) pairs, in distilabel's format."""
        del num_generations  # one reply per prompt; use another seed to get another reply
        prompts = [Prompt(*item) if isinstance(item, tuple) else Prompt(item) for item in inputs]
        return [to_output(completion) for completion in self.ask(prompts)]

"""Prompts, completions, and the base class of teachers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from distilabel.models.llms.base import LLM

from pipelines.prompting import ChatMessages

CUT_OFF = "the reply was cut off at max_tokens"
DECLINED = "the model declined"
EMPTY = "an empty reply"
TOO_LONG = "prompt too long for the model"


class Prompt(NamedTuple):
    """A chat with the JSON schema of its reply, for teachers that support schemas."""

    chat: ChatMessages
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Completion:
    """A teacher's reply; if `text` is None, `reason` says why and `raw` contains the raw text.

    Token counts are None if the teacher doesn't report them.
    """

    text: str | None
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    reason: str = ""
    raw: str = ""


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
    """Classify an API reply as complete, cut off, declined or empty, and add the token counts.

    Text that isn't a string is treated as empty, and a count that isn't a number is treated as
    missing.
    """
    text = text if isinstance(text, str) else ""
    read, wrote = (count if isinstance(count, int) else None for count in counts)
    reason = raw = ""
    if finish_reason == "length":
        reason, raw = CUT_OFF, text
    elif refusal or finish_reason == "content_filter":
        reason, raw = DECLINED, str(refusal or text)
    elif not text.strip():
        reason = EMPTY
    return Completion(None if reason else text, read, wrote, reason, raw)


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

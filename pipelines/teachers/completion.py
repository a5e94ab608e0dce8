"""What teachers receive and return: prompts, completions, and the base class of our teachers."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from distilabel.models.llms.base import LLM

from pipelines.prompting import ChatMessages

JsonSchema: TypeAlias = dict[str, Any]
Output: TypeAlias = dict[str, Any]
"""A reply in distilabel's form: `generations`, `statistics` and, if there's none, a `reason`."""
OnReply: TypeAlias = Callable[[int, Output], None]
"""Receives the index of a prompt and its reply."""

CUT_OFF = "the reply was cut off at max_tokens"
DECLINED = "the model declined"
EMPTY = "an empty reply"
TOO_LONG = "prompt too long for the model"


class Prompt(NamedTuple):
    """A chat and, for teachers that support it, the JSON schema of the reply."""

    chat: ChatMessages
    schema: JsonSchema | None = None


@dataclass(frozen=True)
class Completion:
    """A teacher's reply, or the reason there's none and the raw text that came instead.

    Token counts are None if the teacher doesn't report them.
    """

    text: str | None
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    reason: str = ""
    raw: str = ""

    def to_output(self) -> Output:
        """The completion in distilabel's form."""
        output: Output = {
            "generations": [self.text],
            "statistics": {
                "input_tokens": [self.input_tokens or 0],
                "output_tokens": [self.output_tokens or 0],
            },
        }
        if self.text is None:
            output |= {"reason": [self.reason], "raw": [self.raw]}
        return output


def no_reply(reason: str, raw: str = "") -> Output:
    """The output for a prompt without a reply."""
    return Completion(None, reason=reason, raw=raw).to_output()


def classify(completion: Completion, finish_reason: str | None, refusal: Any) -> Completion:
    """The completion if it's usable, otherwise why not: cut off, declined or empty."""
    text = completion.text if isinstance(completion.text, str) else ""
    if finish_reason == "length":
        reason, raw = CUT_OFF, text
    elif refusal or finish_reason == "content_filter":
        reason, raw = DECLINED, str(refusal or text)
    elif not text.strip():
        reason, raw = EMPTY, ""
    else:
        return completion
    return replace(completion, text=None, reason=reason, raw=raw)


def token_count(usage: Mapping[str, Any], name: str) -> int | None:
    """A token count of an API's response; None if it isn't reported."""
    count = usage.get(name)
    return count if isinstance(count, int) else None


class StreamingLLM(LLM):
    """A teacher that passes on each reply as soon as it arrives."""

    @abstractmethod
    def stream(self, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
        """Ask for all prompts and pass on each reply with the index of its prompt."""

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[Output]:
        """The replies in the order of the chats."""
        del num_generations  # one reply per prompt; another seed gives another reply
        return collect(self, [Prompt(chat) for chat in inputs])


def stream(llm: LLM, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
    """Ask any teacher and pass on each reply, as soon as it arrives if the teacher can stream."""
    if isinstance(llm, StreamingLLM):
        llm.stream(prompts, on_reply)
        return
    chats = [prompt.chat for prompt in prompts]
    outputs = llm.generate_outputs(inputs=chats, **llm.get_generation_kwargs())
    for number, output in enumerate(outputs):
        on_reply(number, output)


def collect(llm: LLM, prompts: Sequence[Prompt]) -> list[Output]:
    """Ask any teacher and return the replies in the order of the prompts."""
    outputs: dict[int, Output] = {}
    stream(llm, prompts, outputs.__setitem__)
    return [outputs[number] for number in range(len(prompts))]

"""Generate answers with any server that has OpenAI's API, including vLLM with LoRA adapters.

The server renders the chat template, so each output records the server's address and model name
instead of fingerprints. Callers pass an object that sends the requests to the server.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from db.records import Example, Output
from trainer.arms import Arm, Decoding, generation_json
from trainer.chat import clean_reply, prompt_of
from trainer.errors import TrainerError

_FIRST_CHUNK, _CHUNK = 3, 64


class ServedAnswer(Protocol):
    """An answer, or the reason why there is none; `seconds` is the time that the request took."""

    @property
    def text(self) -> str | None: ...  # noqa: D102 # see the class
    @property
    def reason(self) -> str: ...  # noqa: D102 # see the class
    @property
    def output_tokens(self) -> int | None: ...  # noqa: D102 # see the class
    @property
    def seconds(self) -> float: ...  # noqa: D102 # see the class


class Server(Protocol):
    """A server, and its name for the model (for vLLM, this can be the name of a LoRA adapter)."""

    url: str
    model: str

    @property
    def changes(self) -> tuple[str, ...]:
        """How requests were changed because the server rejected some of their parameters."""

    def ask(self, chats: Sequence[list[dict[str, str]]]) -> Sequence[ServedAnswer]:
        """Send chats to the server, and return the answers in the order of the chats."""


def answer_remotely(
    prompts: Sequence[Example],
    arm: Arm,
    decoding: Decoding,
    server: Server,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Output]:
    """Yield the served model's answer to each prompt, in order.

    Raises `TrainerError` if `no_repeat` is set, because OpenAI's API doesn't support it. Also
    raises `TrainerError` if the first three prompts get no answer for the same reason or, after all
    prompts, if any got no answer.
    """
    if decoding.no_repeat:
        raise TrainerError(
            f"no_repeat is {decoding.no_repeat}, but served models don't support it. Set no_repeat "
            "to 0."
        )
    reasons = Counter[str]()
    count = 0
    while chunk := prompts[count : count + (_CHUNK if count else _FIRST_CHUNK)]:
        messages = [arm.messages(prompt_of(example)) for example in chunk]
        chats = [[{"role": m.role.value, "content": m.content} for m in each] for each in messages]
        for example, turns, answer in zip(chunk, messages, server.ask(chats), strict=True):
            text = clean_reply(answer.text or "")
            if not text:
                reasons[answer.reason or "an empty answer"] += 1
                continue
            yield Output(
                prompt=example.id,
                arm=arm.name,
                run=arm.run,
                messages=turns,
                text=text,
                generation=_generation(arm, decoding, server),
                seed=decoding.seed,
                output_tokens=answer.output_tokens or 0,
                seconds=answer.seconds,
            )
        count += len(chunk)
        if on_progress:
            on_progress(count, len(prompts))
        if count == _FIRST_CHUNK and _FIRST_CHUNK in reasons.values():
            break
    if reasons:
        reason, missing = reasons.most_common(1)[0][0], reasons.total()
        raise TrainerError(
            f"{missing} of {count} prompts got no answer from “{server.model}” at {server.url}: "
            f"{reason}. Fix that and run the command again."
        )


def _generation(arm: Arm, decoding: Decoding, server: Server) -> str:
    changes = {"changes": list(server.changes)} if server.changes else {}
    return generation_json(arm, decoding, endpoint=server.url, model=server.model, **changes)

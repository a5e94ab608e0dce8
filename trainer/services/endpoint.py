"""Generate answers with a model on any OpenAI-compatible server, including vLLM with LoRA adapters.

The server renders the chat template, so outputs record its URL and the model name instead of
fingerprints.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from openai import OpenAI

from db.records import Example, Output
from trainer.arms import Arm, Decoding, generation_json
from trainer.chat import clean_reply, prompt_of
from trainer.errors import TrainerError
from trainer.services.openai_client import openai_client

_CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the name of a model on it, which can be a LoRA adapter if the server is vLLM."""

    url: str
    model: str
    api_key: str = field(default="none", repr=False)
    timeout: float = 120.0


def answer_remotely(
    prompts: Sequence[Example],
    arm: Arm,
    decoding: Decoding,
    endpoint: Endpoint,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Output]:
    """Yield the served model's answer to each prompt, in order.

    Raises `TrainerError` if the server is unreachable or returns an error, or if `no_repeat` is
    set, which the OpenAI API doesn't support.
    """
    if decoding.no_repeat:
        raise TrainerError(
            f"no_repeat is {decoding.no_repeat}, but served models don't support it. Set no_repeat "
            "to 0."
        )
    advice = f"Check that the server is running, serves “{endpoint.model}” and accepts the API key."
    with (
        openai_client(endpoint.url, endpoint.api_key, endpoint.timeout, advice) as client,
        ThreadPoolExecutor(_CONCURRENCY) as pool,
    ):
        answer_one = partial(_answer, client, endpoint, arm, decoding)
        try:
            for count, output in enumerate(pool.map(answer_one, prompts), start=1):
                yield output
                if on_progress:
                    on_progress(count, len(prompts))
        finally:
            pool.shutdown(cancel_futures=True)


def _answer(
    client: OpenAI, endpoint: Endpoint, arm: Arm, decoding: Decoding, example: Example
) -> Output:
    messages = arm.messages(prompt_of(example))
    turns: Any = [{"role": m.role.value, "content": m.content} for m in messages]
    started = time.monotonic()
    completion = client.chat.completions.create(
        model=endpoint.model,
        messages=turns,
        max_tokens=decoding.max_new_tokens,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        seed=decoding.seed,
    )
    tokens = completion.usage.completion_tokens if completion.usage else 0
    return Output(
        prompt=example.id,
        arm=arm.name,
        run=arm.run,
        messages=messages,
        text=clean_reply(completion.choices[0].message.content or ""),
        generation=generation_json(arm, decoding, endpoint=endpoint.url, model=endpoint.model),
        seed=decoding.seed,
        output_tokens=tokens or 0,
        seconds=time.monotonic() - started,
    )

"""Answers of a model that is served elsewhere: any OpenAI-compatible server, vLLM with LoRA too.

The server renders the chat template, so what is recorded is its address and the model's name there,
not a fingerprint. `no_repeat` is not part of that protocol and is refused rather than left out.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from openai import OpenAI, OpenAIError
from openai.types.chat import ChatCompletionMessageParam

from db.records import Example, Message, Output, canonical, plain
from trainer.answer import Arm, Decoding, arm_messages
from trainer.api import client, understood
from trainer.chat import clean_reply, prompt_of
from trainer.errors import TrainerError

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the model to ask there: a LoRA's name, where vLLM serves one beside its base."""

    url: str
    model: str
    api_key: str = field(default="none", repr=False)
    timeout: float = 120.0


def answer_remotely(
    prompts: Sequence[Example],
    arm: Arm,
    decoding: Decoding,
    endpoint: Endpoint,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Output]:
    """The served model's answer to each prompt's last turn, in the order given.

    Raises `TrainerError` if the server cannot be reached or refuses.
    """
    if decoding.no_repeat:
        raise TrainerError(
            "found no_repeat set for a served model, whose protocol has no such rule, expected 0; "
            "set it so"
        )
    server = client(endpoint.url, endpoint.api_key, endpoint.timeout)
    asker = _Asker(server, endpoint.model, arm, decoding, _generation(arm, decoding, endpoint))
    with server, ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for done, output in enumerate(pool.map(asker.ask, prompts), start=1):
                yield output
                if progress:
                    progress(done, len(prompts))
        except OpenAIError as error:
            raise TrainerError(
                f"the server at {endpoint.url} gave no answer of “{endpoint.model}” ({error}); "
                "check that it runs, serves that model and takes the key"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Asker:
    client: OpenAI
    model: str
    arm: Arm
    decoding: Decoding
    generation: str

    def ask(self, example: Example) -> Output:
        messages = arm_messages(prompt_of(example), self.arm)
        started = time.monotonic()
        with understood(str(self.client.base_url)):
            answered = self.client.chat.completions.create(
                model=self.model,
                messages=[_turn(message) for message in messages],
                max_tokens=self.decoding.max_new_tokens,
                temperature=self.decoding.temperature,
                top_p=self.decoding.top_p,
                seed=self.decoding.seed,
            )
            text = clean_reply(answered.choices[0].message.content or "")
            tokens = answered.usage.completion_tokens if answered.usage else 0
        return Output(
            prompt=example.id,
            arm=self.arm.name,
            run=self.arm.run,
            messages=messages,
            text=text,
            generation=self.generation,
            seed=self.decoding.seed,
            output_tokens=tokens or 0,
            seconds=time.monotonic() - started,
        )


def _turn(message: Message) -> ChatCompletionMessageParam:
    said = message.content
    match message.role.value:
        case "system":
            return {"role": "system", "content": said}
        case "user":
            return {"role": "user", "content": said}
        case _:
            return {"role": "assistant", "content": said}


def _generation(arm: Arm, decoding: Decoding, endpoint: Endpoint) -> str:
    told = {
        "base": arm.base,
        "endpoint": endpoint.url,
        "model": endpoint.model,
        "run": arm.run,
        "system": arm.system,
        "shots": plain(arm.shots),
        **asdict(decoding),
    }
    return canonical(told)

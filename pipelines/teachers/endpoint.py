"""A teacher behind an OpenAI-compatible endpoint: OpenAI itself, vLLM, Ollama, llama.cpp.

Requests run side by side; how many follows what the endpoint takes: one more after each round of
successes, half as many when it says “too many”. What may pass (too many requests, a server error,
a broken connection) is tried again, longer and longer apart; what may not (a key without rights,
an unknown model) ends the run with one sentence. The key is in no record, log or error.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr, SecretStr

from pipelines.errors import TeacherError
from pipelines.teachers.addresses import check_address
from pipelines.teachers.pace import Pace

Arrived = Callable[[int, dict[str, Any]], None]
TOO_MANY = 429
FIRST_WAIT = 0.25
_FATAL = {
    401: "expected a key that it takes: set the key of this endpoint",
    403: "expected a key with rights to this model: use another key or model",
    404: "expected an OpenAI-compatible API with this model: check the URL and the model's name",
}
_SERVER_ERROR = 500
_BAD_REQUEST = 400


class Endpoint(LLM):
    """Asks a model behind a URL; `patience` is how many seconds one prompt is tried for."""

    model: str
    url: str
    key: SecretStr = SecretStr("")
    seed: int = 0
    temperature: float = 0.7
    max_tokens: int = 1024
    concurrency: int = 16
    timeout: float = 120.0
    patience: float = 300.0
    _plain: bool = PrivateAttr(default=False)
    _pace: Pace | None = PrivateAttr(default=None)

    @property
    def model_name(self) -> str:
        """The string this teacher is named by."""
        return f"openai:{self.model}@{self.url}"

    def load(self) -> None:
        """Refuses addresses that no teacher has; raises `TeacherError`."""
        super().load()
        check_address(self.url)

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """The replies, in the order of the prompts; see `generate_each`."""
        del num_generations  # a row needs one; another seed gives another
        made: dict[int, dict[str, Any]] = {}
        self.generate_each(inputs, made.__setitem__)
        return [made[n] for n in range(len(inputs))]

    def generate_each(self, inputs: list[Any], arrived: Arrived) -> None:
        """Asks for all prompts side by side and hands on each reply, with its number, as it comes.

        Raises `TeacherError` if the endpoint cannot be asked at all; what came is handed on first.
        """
        asyncio.run(self._ask_all(inputs, arrived))

    async def _ask_all(self, inputs: list[Any], arrived: Arrived) -> None:
        start = self._pace.width if self._pace else self.concurrency
        self._pace = pace = Pace(start, self.concurrency)
        headers = {"Authorization": f"Bearer {secret}"} if (secret := self._secret()) else {}
        limits = httpx.Limits(max_connections=self.concurrency)
        async with (
            httpx.AsyncClient(headers=headers, timeout=self.timeout, limits=limits) as client,
            _failing_as_one(),
            asyncio.TaskGroup() as group,
        ):

            async def one(number: int, chat: Any) -> None:
                arrived(number, await self._ask(client, pace, chat))

            for number, chat in enumerate(inputs):
                group.create_task(one(number, chat))

    def _secret(self) -> str:
        return self.key.get_secret_value()

    async def _ask(self, client: httpx.AsyncClient, pace: Pace, chat: Any) -> dict[str, Any]:
        """One reply, tried again while it may yet come; none with the reason where it may not."""
        clock = asyncio.get_running_loop()
        start, tries, reason = clock.time(), 0, ""
        while clock.time() - start <= self.patience:
            async with pace:
                response, reason = await self._post(client, chat)
            if response is None or _may_pass(response):
                if response is not None and response.status_code == TOO_MANY:
                    pace.too_many()
                await asyncio.sleep(_retry_after(response) or min(FIRST_WAIT * 2**tries, 30.0))
                tries += 1
                continue
            pace.went_well()
            if (made := self._read(response)) is not None:
                return made
        return _nothing(f"no answer from the endpoint ({reason})")

    async def _post(
        self, client: httpx.AsyncClient, chat: Any
    ) -> tuple[httpx.Response | None, str]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": chat,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }
        if not self._plain:
            body["response_format"] = {"type": "json_object"}
        try:
            response = await client.post(f"{self.url.rstrip('/')}/chat/completions", json=body)
        except httpx.HTTPError as error:
            return None, type(error).__name__
        return response, f"status {response.status_code}"

    def _read(self, response: httpx.Response) -> dict[str, Any] | None:
        """What a response says; None if it is to be asked again without a form for the reply."""
        if why := _FATAL.get(response.status_code):
            raise TeacherError(f"{self.model_name} answered {response.status_code}; {why}")
        if response.status_code >= _BAD_REQUEST:
            if not self._plain and "response_format" in response.text:
                self._plain = True
                return None
            return _nothing(_refused(response))
        return _reply(response)


class _failing_as_one:  # noqa: N801 # reads as a phrase in a with statement
    """Raises the first error of a group of tasks in place of the group."""

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, BaseExceptionGroup):
            raise error.exceptions[0] from None


def _reply(response: httpx.Response) -> dict[str, Any]:
    try:
        data = response.json()
        text = data["choices"][0]["message"]["content"]
        usage = data.get("usage") or {}
    except (ValueError, KeyError, IndexError, TypeError):
        return _nothing("the endpoint's answer is no chat completion", response.text[:500])
    if data["choices"][0].get("finish_reason") == "length":
        return _nothing("the reply was cut off at its longest", text or "")
    if not isinstance(text, str) or not text.strip():
        return _nothing("an empty reply")
    return _output(text, usage)


def _output(text: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "generations": [text],
        "statistics": {
            "input_tokens": [int(usage.get("prompt_tokens") or 0)],
            "output_tokens": [int(usage.get("completion_tokens") or 0)],
        },
    }


def _nothing(reason: str, raw: str = "") -> dict[str, Any]:
    return {**_output(None, {}), "reason": [reason], "raw": [raw]}


def _refused(response: httpx.Response) -> str:
    too_long = "context" in response.text.lower() and "length" in response.text.lower()
    return "prompt too long for the model" if too_long else f"refused with {response.status_code}"


def _may_pass(response: httpx.Response) -> bool:
    return response.status_code == TOO_MANY or response.status_code >= _SERVER_ERROR


def _retry_after(response: httpx.Response | None) -> float:
    """The seconds an endpoint asks to wait, 0 if it does not say."""
    said = response.headers.get("retry-after", "") if response is not None else ""
    try:
        return min(max(float(said), 0.0), 120.0)
    except ValueError:
        return 0.0

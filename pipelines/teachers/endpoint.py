"""A teacher behind an endpoint: OpenAI, vLLM, Ollama, llama.cpp, or Anthropic.

Requests run side by side; how many follows what the endpoint takes: one more after each round of
successes, half as many when it says “too many”. What may pass (too many requests, a server error,
a broken connection) is tried again, longer and longer apart; what may not (a key without rights,
an unknown model) ends the run with one sentence. The key is in no record, log or error.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import httpx
from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr, SecretStr

from pipelines.errors import TeacherError
from pipelines.meter import SPENT, Meter, about_tokens
from pipelines.prompting import Chat
from pipelines.teachers.addresses import check_address
from pipelines.teachers.dialects import DIALECTS, NO_REPLY, Answered, Form, Request
from pipelines.teachers.pace import Pace

Arrived: TypeAlias = Callable[[int, dict[str, Any]], None]
Asked: TypeAlias = tuple[Chat, Form]
TOO_MANY = 429
FIRST_WAIT = 0.25
_LONGEST_WAIT = 30.0
_FATAL = {
    **dict.fromkeys(
        (301, 302, 303, 307, 308), "expected an answer and no other address: check the URL"
    ),
    401: "expected a key that it takes: set TIMBRE_TEACHER_KEY to this endpoint's key",
    403: "expected a key with rights to this model: use another key or model",
    402: "expected an account with credit: top it up, then run again to go on",
    404: "expected an API of the kind named, with this model: check the URL and the model's name",
    405: "expected an API of the kind named: check the URL",
    501: "expected an API of the kind named: check the URL",
}
_UNREACHED = frozenset({"ConnectError", "ConnectTimeout"})
_TO_BE_MET = 20.0
_SERVER_ERROR = 500
_BAD_REQUEST = 400
_KEPT = 500


class Endpoint(LLM):
    """Asks a model behind a URL; `patience` is how many seconds one prompt is tried for.

    An endpoint that nobody has met in this run is given 20 seconds to be there.
    """

    model: str
    url: str
    key: SecretStr = SecretStr("")
    seed: int = 0
    temperature: float = 0.7
    max_tokens: int = 1024
    concurrency: int = 16
    timeout: float = 120.0
    patience: float = 300.0
    dialect: str = "openai"
    _meter: Meter = PrivateAttr(default_factory=Meter)
    _how: int = PrivateAttr(default=0)
    _met: bool = PrivateAttr(default=False)
    _pace: Pace | None = PrivateAttr(default=None)

    @property
    def model_name(self) -> str:
        """The string this teacher is named by."""
        return f"{self.dialect}:{self.model}@{self.url}"

    def counted_by(self, meter: Meter) -> "Endpoint":
        """The same teacher, which counts with a meter and stops at its limits."""
        self._meter = meter
        return self

    def load(self) -> None:
        """Refuses addresses that no teacher has; raises `TeacherError`."""
        super().load()
        check_address(self.url)

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """The replies, in the order of the prompts; see `generate_each`."""
        del num_generations  # a row needs one; another seed gives another
        made: dict[int, dict[str, Any]] = {}
        self.generate_each([(chat, None) for chat in inputs], made.__setitem__)
        return [made[n] for n in range(len(inputs))]

    def generate_each(self, asked: Sequence[Asked], arrived: Arrived) -> None:
        """Asks for all prompts side by side and hands on each reply, with its number, as it comes.

        Raises `TeacherError` if the endpoint cannot be asked at all; what came is handed on first.
        """
        asyncio.run(self._ask_all(asked, arrived))

    async def _ask_all(self, asked: Sequence[Asked], arrived: Arrived) -> None:
        start = self._pace.width if self._pace else self.concurrency
        self._pace = pace = Pace(start, self.concurrency)
        async with (
            httpx.AsyncClient(
                headers=DIALECTS[self.dialect].headers(self.key.get_secret_value()),
                timeout=self.timeout,
                limits=httpx.Limits(max_connections=self.concurrency),
                verify=_trusted(),
            ) as client,
            _failing_as_one(),
            asyncio.TaskGroup() as group,
        ):
            rest = enumerate(asked)

            async def some() -> None:
                for number, prompt in rest:
                    arrived(number, await self._ask(client, pace, prompt))

            # Twice as many as may ask, for those that wait to try again; with one for each prompt
            # the gate would have to tell hundreds of them of every place that comes free.
            for _ in range(min(2 * self.concurrency, len(asked))):
                group.create_task(some())

    async def _ask(self, client: httpx.AsyncClient, pace: Pace, asked: Asked) -> dict[str, Any]:
        """One reply, tried again while it may yet come; none with the reason where it may not.

        Raises `TeacherError` if nobody is there any more, or the endpoint will answer nothing.
        """
        clock = asyncio.get_running_loop()
        start, tries, reason = clock.time(), 0, ""
        while clock.time() - start <= self._patience(reason):
            made, response, reason = await self._try(client, pace, asked)
            if made is not None:
                return made
            if response is not None and not _may_pass(response):
                continue  # at once, in a lesser form
            if response is not None and response.status_code == TOO_MANY:
                pace.too_many()
            await asyncio.sleep(_wait(response, tries))
            tries += 1
        if reason in _UNREACHED:
            raise TeacherError(
                f"found nobody to answer at {self.url} ({reason}), expected {self.model} there; "
                "see that it runs, then run again: what came before is kept"
            )
        return nothing(f"no answer from the endpoint ({reason})")

    def _patience(self, reason: str) -> float:
        never_met = reason in _UNREACHED and not self._met
        return min(self.patience, _TO_BE_MET) if never_met else self.patience

    async def _try(
        self, client: httpx.AsyncClient, pace: Pace, asked: Asked
    ) -> tuple[dict[str, Any] | None, httpx.Response | None, str]:
        """What came of asking once, if that is the end of it; the response, and what it was."""
        worst = about_tokens(asked[0]), self.max_tokens
        if not await pace.enter(lambda: self._meter.fits(*worst)):
            self._meter.stopped = True
            return nothing(SPENT), None, SPENT
        try:
            self._meter.hold(*worst)
            how = self._how
            response, reason = await self._post(client, asked, how)
            if response is None or _may_pass(response):
                return None, response, reason
            pace.went_well()
            if self._read_without_form(response, how):
                return None, response, reason
            return self._read(response, asked), response, reason
        finally:
            self._meter.hold(-worst[0], -worst[1])
            await pace.leave()

    async def _post(
        self, client: httpx.AsyncClient, asked: Asked, how: int
    ) -> tuple[httpx.Response | None, str]:
        request = Request(self.model, self.temperature, self.max_tokens, self.seed)
        dialect = DIALECTS[self.dialect]
        body = dialect.body(request, *asked, how)
        try:
            response = await client.post(f"{self.url.rstrip('/')}{dialect.path}", json=body)
        except httpx.HTTPError as error:
            return None, type(error).__name__
        self._met = True
        return response, f"status {response.status_code}"

    def _read_without_form(self, response: httpx.Response, how: int) -> bool:
        """Whether the endpoint knows no such form, so that it is to be asked in a lesser way."""
        about_form = any(word in response.text for word in ("response_format", "tool", "schema"))
        if (
            response.status_code != _BAD_REQUEST
            or how >= DIALECTS[self.dialect].forms
            or not about_form
        ):
            return False
        self._how = max(self._how, how + 1)
        return True

    def _read(self, response: httpx.Response, asked: Asked) -> dict[str, Any]:
        """What a response says, its tokens counted."""
        if why := _why_fatal(response):
            raise TeacherError(f"{self.model_name} answered {response.status_code}; {why}")
        if response.status_code >= _BAD_REQUEST:
            return nothing(_refused(response), self._without_key(response.text))
        try:
            said = DIALECTS[self.dialect].read(response.json())
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return nothing(NO_REPLY, self._without_key(response.text))
        read = about_tokens(asked[0]) if said.read is None else said.read
        written = len(said.text or said.raw) // 4 if said.written is None else said.written
        self._meter.count(read, written)
        return output(said, read, written)

    def _without_key(self, text: str) -> str:
        key = self.key.get_secret_value()
        return (text.replace(key, "…") if key else text)[:_KEPT]


class _failing_as_one:  # noqa: N801 # reads as a phrase in a with statement
    """Raises the first error of a group of tasks in place of the group."""

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, BaseExceptionGroup):
            raise error.exceptions[0] from None


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities a server is trusted by; reading them for each batch would take longer."""
    return httpx.create_ssl_context()


def output(said: Answered, read: int, written: int) -> dict[str, Any]:
    """A reply, or the reason there is none, as distilabel hands it on."""
    made: dict[str, Any] = {
        "generations": [said.text],
        "statistics": {"input_tokens": [read], "output_tokens": [written]},
    }
    return made if said.text is not None else {**made, "reason": [said.reason], "raw": [said.raw]}


def nothing(reason: str, raw: str = "") -> dict[str, Any]:
    """No reply, and why."""
    return output(Answered(None, reason, raw), 0, 0)


def _refused(response: httpx.Response) -> str:
    said = response.text.lower()
    too_long = ("context" in said and "length" in said) or "prompt is too long" in said
    return "prompt too long for the model" if too_long else f"refused with {response.status_code}"


def _why_fatal(response: httpx.Response) -> str | None:
    """What to do about an answer after which asking on is of no use, None for any other."""
    # OpenAI says “too many requests” to whom it asks for money, too.
    spent = response.status_code == TOO_MANY and "insufficient_quota" in response.text
    return _FATAL.get(402 if spent else response.status_code)


def _may_pass(response: httpx.Response) -> bool:
    if _why_fatal(response):
        return False
    return response.status_code == TOO_MANY or response.status_code >= _SERVER_ERROR


def _wait(response: httpx.Response | None, tries: int) -> float:
    """Seconds until the next try: what the endpoint asks for, else longer each time."""
    said = response.headers.get("retry-after", "") if response is not None else ""
    try:
        asked = min(float(said), 120.0)
    except ValueError:
        asked = 0.0
    return asked if asked > 0 else min(FIRST_WAIT * 2**tries, _LONGEST_WAIT)

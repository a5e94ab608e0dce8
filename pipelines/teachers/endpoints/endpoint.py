"""The base class of teachers behind an HTTP endpoint; each subclass is one protocol.

Requests run concurrently, as many as the endpoint accepts (see `ConcurrencyLimit`). Temporary
failures (too many requests, a server error, a broken connection) are retried with growing waits.
Permanent ones (a wrong key, an unknown model) raise `TeacherError`. The key never appears in a
record, log or error.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Self

import httpx
from pydantic import PrivateAttr, SecretStr

from pipelines.errors import TeacherError
from pipelines.meter import LIMIT_REACHED, Meter, estimate_tokens
from pipelines.plan import GenerationPlan
from pipelines.teachers.completion import TOO_LONG, Completion, OnReply, Prompt, Teacher
from pipelines.teachers.endpoints.blocked_hosts import check_url
from pipelines.teachers.endpoints.rate_limit import ConcurrencyLimit

NOT_A_COMPLETION = "the endpoint's answer isn't a chat completion"
_BAD_REQUEST, _TOO_MANY_REQUESTS, _SERVER_ERROR = 400, 429, 500
_FIRST_WAIT = 0.25  # seconds, doubled on each retry
_MAX_WAIT = 30.0
_MAX_RETRY_AFTER = 120.0
_STARTUP_PATIENCE = 20.0
_MAX_RAW_LENGTH = 500
_FATAL = {
    **dict.fromkeys((301, 302, 303, 307, 308), "it redirects to another address. Check the URL."),
    401: "the key is wrong. Set TIMBRE_TEACHER_KEY to this endpoint's key.",
    402: "the account has no credit left. Top it up, then run again to continue.",
    403: "the key has no access to this model. Use another key or model.",
    404: "the API or the model doesn't exist. Check the URL and the model's name.",
    **dict.fromkeys((405, 501), "the API is of another kind. Check the URL."),
}
# Cached because reading the trusted certificate authorities takes longer than a batch.
_ssl_context = cache(httpx.create_ssl_context)
_UNREACHABLE = frozenset({"ConnectError", "ConnectTimeout"})


@dataclass(frozen=True)
class _Attempt:
    """One request's outcome: a final completion, or the response and what went wrong."""

    failure: str
    response: httpx.Response | None = None
    completion: Completion | None = None


class Endpoint(Teacher):
    """A model behind a URL.

    A prompt is retried for `patience` seconds, but only for 20 seconds if the endpoint has never
    responded.
    """

    protocol: ClassVar[str]
    default_url: ClassVar[str]
    path: ClassVar[str]
    schema_modes: ClassVar[int]

    model: str
    url: str
    api_key: SecretStr = SecretStr("")
    seed: int = 0
    temperature: float = 0.7
    max_tokens: int = 1024
    concurrency: int = 16
    timeout: float = 120.0
    patience: float = 300.0
    _meter: Meter = PrivateAttr(default_factory=Meter)
    _schema_mode: int = PrivateAttr(default=0)
    _has_responded: bool = PrivateAttr(default=False)
    _limit: ConcurrencyLimit = PrivateAttr(default_factory=ConcurrencyLimit)

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """The headers of a request, with the key if there is one."""

    @abstractmethod
    def body(self, prompt: Prompt, schema_mode: int) -> dict[str, Any]:
        """The body of a request.

        `schema_mode` chooses how to request the reply's schema: 0 is the best way, `schema_modes`
        requests none.
        """

    @abstractmethod
    def parse(self, data: Any) -> Completion:
        """The completion in a response; raises any lookup, type or value error if there's none."""

    @classmethod
    def from_plan(cls, plan: GenerationPlan, model: str, url: str) -> Self:
        """The endpoint with a plan's settings; an empty URL means the protocol's default."""
        shared = ("seed", "temperature", "max_tokens", "concurrency")
        settings = {name: getattr(plan, name) for name in shared}
        key = SecretStr(plan.api_key)
        endpoint = cls(model=model, url=url or cls.default_url, api_key=key, **settings)
        return endpoint.with_meter(plan.meter)

    def with_meter(self, meter: Meter) -> Self:
        """Count with this meter and stop at its limits; returns the endpoint itself."""
        self._meter = meter
        return self

    @property
    def model_name(self) -> str:
        """The teacher's name, as in a campaign file."""
        return f"{self.protocol}:{self.model}@{self.url}"

    def load(self) -> None:
        """Check the URL; raises `TeacherError` if it's invalid or blocked."""
        super().load()
        check_url(self.url)

    def stream(self, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
        """Ask for all prompts concurrently; raises `TeacherError` on a permanent failure."""
        try:
            asyncio.run(self._stream(prompts, on_reply))
        except BaseExceptionGroup as group:  # only the first error matters
            raise group.exceptions[0] from None

    async def _stream(self, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
        self._limit = ConcurrencyLimit(self._limit.width, self.concurrency)
        async with (
            httpx.AsyncClient(
                headers=self.headers(),
                timeout=self.timeout,
                limits=httpx.Limits(max_connections=self.concurrency),
                verify=_ssl_context(),
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            remaining = enumerate(prompts)

            async def work() -> None:
                for number, prompt in remaining:
                    on_reply(number, await self._ask(client, prompt))

            # Twice the limit, because some workers wait to retry. One task per prompt would be
            # slow: the limit would notify hundreds of tasks of every free slot.
            for _ in range(min(2 * self.concurrency, len(prompts))):
                group.create_task(work())

    async def _ask(self, client: httpx.AsyncClient, prompt: Prompt) -> Completion:
        """The reply to a prompt, retried until `patience` runs out."""
        clock = asyncio.get_running_loop()
        start, retries, failure = clock.time(), 0, ""
        while clock.time() - start <= self._patience_after(failure):
            attempt = await self._attempt(client, prompt)
            if attempt.completion is not None:
                return attempt.completion
            response, failure = attempt.response, attempt.failure
            if response is not None and not _is_temporary(response):
                continue  # retry at once with another schema mode
            if response is not None and response.status_code == _TOO_MANY_REQUESTS:
                self._limit.halve()
            await asyncio.sleep(_wait(response, retries))
            retries += 1
        if failure in _UNREACHABLE:
            raise TeacherError(
                f"{self.model_name} can't be reached ({failure}). Check that it's running, then "
                "run again: earlier replies are kept."
            )
        return Completion(None, reason=f"no answer from the endpoint ({failure})")

    def _patience_after(self, failure: str) -> float:
        may_not_exist = failure in _UNREACHABLE and not self._has_responded
        return min(self.patience, _STARTUP_PATIENCE) if may_not_exist else self.patience

    async def _attempt(self, client: httpx.AsyncClient, prompt: Prompt) -> _Attempt:
        worst_case = estimate_tokens(prompt.chat), self.max_tokens
        if not await self._limit.enter(lambda: self._meter.fits(*worst_case)):
            self._meter.is_stopped = True
            return _Attempt(LIMIT_REACHED, None, Completion(None, reason=LIMIT_REACHED))
        try:
            self._meter.reserve(*worst_case)
            mode = self._schema_mode
            url = f"{self.url.rstrip('/')}{self.path}"
            response = await client.post(url, json=self.body(prompt, mode))
            self._has_responded = True
            failed = _Attempt(f"status {response.status_code}", response)
            if _is_temporary(response):
                return failed
            self._limit.count_success()
            if mode < self.schema_modes and _rejects_schema(response):
                self._schema_mode = max(self._schema_mode, mode + 1)
                return failed
            return replace(failed, completion=self._complete(response, prompt))
        except httpx.HTTPError as error:
            return _Attempt(type(error).__name__)
        finally:
            self._meter.reserve(-worst_case[0], -worst_case[1])
            await self._limit.leave()

    def _complete(self, response: httpx.Response, prompt: Prompt) -> Completion:
        """The reply in a response, after counting its tokens."""
        if fix := _fatal_error(response):
            raise TeacherError(f"{self.model_name} answered {response.status_code}: {fix}")
        if response.status_code >= _BAD_REQUEST:
            return self._no_completion(_rejection_reason(response), response)
        try:
            completion = self.parse(response.json())
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return self._no_completion(NOT_A_COMPLETION, response)
        counts = completion.input_tokens, completion.output_tokens
        estimates = estimate_tokens(prompt.chat), len(completion.text or completion.raw) // 4
        read, wrote = (e if c is None else c for c, e in zip(counts, estimates, strict=True))
        self._meter.count(read, wrote)
        return replace(completion, input_tokens=read, output_tokens=wrote)

    def _no_completion(self, reason: str, response: httpx.Response) -> Completion:
        """Why a response has no reply, with the start of its text but without the key."""
        text, key = response.text, self.api_key.get_secret_value()
        raw = (text.replace(key, "…") if key else text)[:_MAX_RAW_LENGTH]
        return Completion(None, reason=reason, raw=raw)


def _is_temporary(response: httpx.Response) -> bool:
    if _fatal_error(response):
        return False
    return response.status_code == _TOO_MANY_REQUESTS or response.status_code >= _SERVER_ERROR


def _fatal_error(response: httpx.Response) -> str | None:
    """What to do about an error that retrying can't solve; None for other responses."""
    # OpenAI also answers “too many requests” to an account without credit.
    is_spent = response.status_code == _TOO_MANY_REQUESTS and "insufficient_quota" in response.text
    return _FATAL.get(402 if is_spent else response.status_code)


def _rejects_schema(response: httpx.Response) -> bool:
    words = ("response_format", "tool", "schema")
    return response.status_code == _BAD_REQUEST and any(word in response.text for word in words)


def _rejection_reason(response: httpx.Response) -> str:
    text = response.text.lower()
    is_too_long = ("context" in text and "length" in text) or "prompt is too long" in text
    return TOO_LONG if is_too_long else f"rejected with status {response.status_code}"


def _wait(response: httpx.Response | None, retries: int) -> float:
    """Seconds until the next retry: what the endpoint asks for, otherwise longer each time."""
    header = response.headers.get("retry-after", "") if response is not None else ""
    try:
        retry_after = min(float(header), _MAX_RETRY_AFTER)
    except ValueError:
        retry_after = 0.0
    return retry_after if retry_after > 0 else min(_FIRST_WAIT * 2**retries, _MAX_WAIT)

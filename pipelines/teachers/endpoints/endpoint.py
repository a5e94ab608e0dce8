"""The base class of teachers behind an HTTP endpoint; each subclass implements one protocol.

The number of concurrent requests adapts to what the endpoint accepts (see `ConcurrencyLimit`), and
the parameters of requests to what the model accepts (see `Dialect`). Temporary failures (too many
requests, server errors, broken connections, empty replies) are retried. Permanent failures (a wrong
key, a used-up quota) raise `TeacherError`. The API key never appears in records, logs or errors.
"""

import asyncio
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, Self

import httpx
from pydantic import PrivateAttr, SecretStr

from pipelines.errors import TeacherError
from pipelines.meter import LIMIT_REACHED, Meter, estimate_tokens
from pipelines.plan import GenerationPlan
from pipelines.teachers.completion import Completion, OnReply, Prompt, Teacher
from pipelines.teachers.endpoints.blocked_hosts import check_url
from pipelines.teachers.endpoints.dialect import Dialect
from pipelines.teachers.endpoints.rate_limit import ConcurrencyLimit
from pipelines.teachers.endpoints.response import Outcome, Response, ResponseReader

BATCH_PRICE = 0.5
"""The price of a request in a batch, relative to one that is sent directly."""
_MAX_BODY = 20_000_000
_MAX_WAIT = 30.0
_STARTUP_PATIENCE = 20.0
# Cached because reading the trusted certificate authorities takes longer than a batch of requests.
_ssl_context = cache(httpx.create_ssl_context)
_UNREACHABLE = frozenset({"ConnectError", "ConnectTimeout"})


class Endpoint(Teacher):
    """A teacher that sends prompts to a model at a URL.

    A prompt is retried for up to `patience` seconds, but only for 20 seconds if the endpoint has
    never responded. The first wait is `first_wait` seconds and each further wait is twice as long,
    unless the endpoint asks for a specific wait. If `has_long_replies` is true, a reply that was
    cut off at `max_tokens` is accepted.
    """

    protocol: ClassVar[str]
    default_url: ClassVar[str]
    path: ClassVar[str]
    schema_modes: ClassVar[int]
    stream_fields: ClassVar[Mapping[str, Any]]

    model: str
    url: str
    api_key: SecretStr = SecretStr("")
    seed: int = 0
    temperature: float = 0.7
    top_p: float | None = None
    max_tokens: int = 1024
    concurrency: int = 16
    timeout: float = 120.0
    patience: float = 300.0
    first_wait: float = 0.25
    has_long_replies: bool = False
    _meter: Meter = PrivateAttr(default_factory=Meter)
    _dialect: Dialect = PrivateAttr(default_factory=Dialect)
    _has_responded: bool = PrivateAttr(default=False)
    _limit: ConcurrencyLimit = PrivateAttr(default_factory=ConcurrencyLimit)

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """The request headers, including the API key if there is one."""

    @abstractmethod
    def body(self, prompt: Prompt, schema_mode: int) -> dict[str, Any]:
        """Build the request body.

        `schema_mode` selects how to request the schema of the reply, from 0 (preferred) to
        `schema_modes` (no schema).
        """

    @abstractmethod
    def parse(self, data: Any) -> Completion:
        """Extract the completion from a response's JSON value.

        Raises a lookup, type or value error if the response contains no completion.
        """

    @property
    def request_url(self) -> str:
        """The URL to which requests are sent."""
        return f"{self.url.rstrip('/').removesuffix(self.path)}{self.path}"

    @classmethod
    def from_plan(cls, plan: GenerationPlan, model: str, url: str) -> Self:
        """Create an endpoint with a plan's settings.

        If the URL is empty, the default URL of the protocol is used.
        """
        shared = ("seed", "temperature", "top_p", "max_tokens", "concurrency")
        settings = {name: getattr(plan, name) for name in shared}
        key = SecretStr(plan.api_key)
        endpoint = cls(model=model, url=url or cls.default_url, api_key=key, **settings)
        endpoint._dialect = plan.dialect
        return endpoint.with_meter(plan.meter)

    def with_meter(self, meter: Meter) -> Self:
        """Set the meter that counts tokens and enforces limits, and return the endpoint."""
        self._meter = meter
        return self

    @property
    def model_name(self) -> str:
        """The teacher's name, as written in a campaign file."""
        return f"{self.protocol}:{self.model}@{self.url}"

    @property
    def dialect(self) -> Dialect:
        """What the endpoint has learned about the requests that its model accepts."""
        return self._dialect

    @property
    def meter(self) -> Meter:
        """The meter that counts tokens and enforces the run's limits."""
        return self._meter

    @property
    def reader(self) -> ResponseReader:
        """A reader for the endpoint's responses."""
        key = self.api_key.get_secret_value()
        return ResponseReader(
            self.model_name, key, self.patience, self.parse, self.has_long_replies
        )

    def load(self) -> None:
        """Check the URL. Raises `TeacherError` if the URL is invalid or blocked."""
        super().load()
        check_url(self.url)

    def stream(self, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
        """Send all prompts concurrently. Raises `TeacherError` on a permanent failure."""
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
        """Send a prompt, and retry for up to `patience` seconds."""
        clock = asyncio.get_running_loop()
        start, retries, outcome = clock.time(), 0, Outcome()
        bad_replies = Counter[str]()  # counted by reason: only a recurring one ends the attempts
        while clock.time() - start <= self._patience_after(outcome.failure):
            outcome = await self._attempt(client, prompt)
            if outcome.is_final or bad_replies[outcome.reason] == outcome.max_retries:
                break
            if outcome.is_adapted:
                continue
            bad_replies[outcome.reason] += 1
            if outcome.is_overloaded:
                self._limit.halve()
            await asyncio.sleep(outcome.wait or min(self.first_wait * 2**retries, _MAX_WAIT))
            retries += 1
        if outcome.failure in _UNREACHABLE:
            raise TeacherError(
                f"{self.model_name} can't be reached ({outcome.failure}). Check that it's running, "
                "then run the command again to continue."
            )
        return outcome.last_resort()

    def _patience_after(self, failure: str) -> float:
        may_not_exist = failure in _UNREACHABLE and not self._has_responded
        return min(self.patience, _STARTUP_PATIENCE) if may_not_exist else self.patience

    async def _attempt(self, client: httpx.AsyncClient, prompt: Prompt) -> Outcome:
        worst_case = estimate_tokens(prompt.chat), self.max_tokens
        if not await self._limit.enter(lambda: self._meter.fits(*worst_case)):
            self._meter.is_stopped = True
            return Outcome(completion=Completion(None, reason=LIMIT_REACHED), is_final=True)
        try:
            self._meter.reserve(*worst_case)
            return await self._request(client, prompt)
        except (httpx.HTTPError, TimeoutError) as error:
            return Outcome(failure=type(error).__name__)
        finally:
            self._meter.reserve(-worst_case[0], -worst_case[1])
            await self._limit.leave()

    async def _request(self, client: httpx.AsyncClient, prompt: Prompt) -> Outcome:
        sent, changes = self.sent_body(prompt), len(self._dialect.changes)
        start = time.monotonic()
        async with asyncio.timeout(self.patience):
            response = await _post(client, self.request_url, sent)
        self._has_responded = True
        outcome = self._adapt(self.reader.read(response), sent, changes)
        if not outcome.is_overloaded and not outcome.is_adapted:
            self._limit.count_success()
        return self._count(outcome, prompt, time.monotonic() - start)

    def _adapt(self, outcome: Outcome, sent: dict[str, Any], changes: int) -> Outcome:
        """Adapt the dialect to an error if possible.

        Raises `TeacherError` if the error is permanent.

        A request that was sent before the dialect last changed is sent again.
        """
        if outcome.error is not None:
            is_outdated = len(self._dialect.changes) > changes
            if is_outdated or self._dialect.adapt(sent, outcome.error):
                return Outcome(failure=f"status {outcome.error.status}", is_adapted=True)
        if outcome.fatal:
            raise TeacherError(outcome.fatal)
        return outcome

    def judge_result(self, response: Response, prompt: Prompt, changes: int) -> Outcome:
        """Interpret the response to a prompt in a batch.

        `changes` is the number of dialect changes that had been made when the batch was submitted.
        """
        outcome = self._adapt(self.reader.read(response), self.sent_body(prompt), changes)
        return self._count(outcome, prompt, 0.0, BATCH_PRICE)

    def sent_body(self, prompt: Prompt) -> dict[str, Any]:
        """Build the request body in the form that the model accepts."""
        body = self.body(prompt, self._dialect.schema_mode)
        return self._dialect.translate(
            {**body, **self.stream_fields} if self._dialect.is_streaming else body
        )

    def _count(
        self, outcome: Outcome, prompt: Prompt, seconds: float, share: float = 1.0
    ) -> Outcome:
        """Count the tokens of a reply; counts that the endpoint doesn't report are estimated."""
        completion = outcome.completion
        if completion is None or not outcome.is_reply:
            return outcome
        counts = completion.input_tokens, completion.output_tokens
        estimates = estimate_tokens(prompt.chat), len(completion.text or completion.raw) // 4
        read, wrote = (e if c is None else c for c, e in zip(counts, estimates, strict=True))
        self._meter.count(read, wrote, share)
        counted = replace(completion, input_tokens=read, output_tokens=wrote, seconds=seconds)
        return replace(outcome, completion=counted)


async def _post(client: httpx.AsyncClient, url: str, body: dict[str, Any]) -> Response:
    """Send a request and read the response.

    Raises `httpx.ReadError` if the response is too large.
    """
    async with client.stream("POST", url, json=body) as response:
        parts, size = list[bytes](), 0
        async for part in response.aiter_bytes():
            parts.append(part)
            size += len(part)
            if size > _MAX_BODY:
                raise httpx.ReadError("the response is too large")
    return Response(response.status_code, response.headers, b"".join(parts))

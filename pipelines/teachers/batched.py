"""A teacher that sends its prompts to a provider's batch API.

Submitted batches are saved in a file next to the journal, so that an interrupted run can continue
to wait for them. If there are only a few prompts, they are sent as ordinary requests, because a
batch can take up to a day.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import PrivateAttr

from db.records import canonical, digest
from pipelines.errors import TeacherError
from pipelines.meter import LIMIT_REACHED, estimate_tokens
from pipelines.plan import GenerationPlan
from pipelines.teachers.completion import Completion, OnReply, Prompt, Teacher
from pipelines.teachers.endpoints.anthropic import AnthropicEndpoint
from pipelines.teachers.endpoints.batch_api import (
    EXPIRED,
    AnthropicBatchApi,
    BatchApi,
    BatchResult,
    OpenAIBatchApi,
)
from pipelines.teachers.endpoints.endpoint import BATCH_PRICE, Endpoint
from pipelines.teachers.endpoints.openai import OpenAIEndpoint
from pipelines.teachers.endpoints.response import Outcome

MIN_BATCH = 20
_MAX_BATCH = 10_000
_MAX_BYTES = 90_000_000
_ROUNDS = 4
_APIS: dict[type[Endpoint], type[BatchApi]] = {
    OpenAIEndpoint: OpenAIBatchApi,
    AnthropicEndpoint: AnthropicBatchApi,
}


@dataclass(frozen=True)
class SubmittedBatch:
    """A batch that is sent to the provider, with the ids of its requests.

    `batch` is the provider's id, or an empty string until the provider has accepted the batch.
    """

    token: str
    batch: str
    url: str
    created: float
    ids: tuple[str, ...]


class BatchedLLM(Teacher):
    """A teacher that wraps an endpoint and sends its prompts in batches.

    `every` is the polling interval in seconds.
    """

    endpoint: Endpoint
    path: Path | None
    every: float = 30.0
    on_message: Callable[[str], None]
    _api: BatchApi | None = PrivateAttr(default=None)

    @property
    def model_name(self) -> str:
        """The endpoint's name."""
        return self.endpoint.model_name

    def load(self) -> None:
        """Check the endpoint's URL and select its batch API.

        Raises `TeacherError` if the URL is invalid or blocked.
        """
        super().load()
        self.endpoint.load()
        self._api = _APIS[type(self.endpoint)](self.endpoint)

    def stream(self, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
        """Send all prompts in batches, and pass on the replies of each batch when it has ended."""
        pending = {self._id(prompt): number for number, prompt in enumerate(prompts)}
        for round_number in range(1, _ROUNDS + 1):
            batches = [b for b in self._open_batches() if not pending.keys().isdisjoint(b.ids)]
            if not batches and len(pending) < MIN_BATCH:
                break
            for id, outcome in self._run_round(batches, pending, prompts):
                if outcome.is_final or round_number == _ROUNDS:
                    on_reply(pending.pop(id), outcome.last_resort())
        numbers = list(pending.values())  # too few for a batch
        self.endpoint.stream(
            [prompts[number] for number in numbers],
            lambda index, completion: on_reply(numbers[index], completion),
        )

    def _run_round(
        self,
        batches: Sequence[SubmittedBatch],
        pending: Mapping[str, int],
        prompts: Sequence[Prompt],
    ) -> Iterator[tuple[str, Outcome]]:
        """Submit prompts that aren't in an open batch, wait for all batches and yield results."""
        held = {id for batch in batches for id in batch.ids}
        missing = {id: prompts[number] for id, number in pending.items() if id not in held}
        allowed = self._within_limits(missing)
        submitted = self._submit(allowed)
        changes = len(self.endpoint.dialect.changes)
        for id in missing.keys() - allowed.keys():
            yield id, Outcome(Completion(None, reason=LIMIT_REACHED), is_final=True)
        for batch in [*batches, *submitted]:
            results = {result.id: result.response for result in self._wait(batch)}
            self._release(allowed[id] for id in batch.ids if id in allowed)
            for id in batch.ids:
                if id in pending:
                    prompt = prompts[pending[id]]
                    yield id, self.endpoint.judge_result(results.get(id, EXPIRED), prompt, changes)
            self._forget(batch)

    def _within_limits(self, prompts: Mapping[str, Prompt]) -> dict[str, Prompt]:
        """Take prompts in order until the run could exceed its limits."""
        meter, allowed = self.endpoint.meter, dict[str, Prompt]()
        for id, prompt in prompts.items():
            worst_case = estimate_tokens(prompt.chat), self.endpoint.max_tokens
            if not meter.fits(*worst_case, BATCH_PRICE):
                meter.is_stopped = True
                break
            meter.reserve(*worst_case, BATCH_PRICE)
            allowed[id] = prompt
        return allowed

    def _release(self, prompts: Iterator[Prompt]) -> None:
        for prompt in prompts:
            tokens = estimate_tokens(prompt.chat), self.endpoint.max_tokens
            self.endpoint.meter.reserve(-tokens[0], -tokens[1], BATCH_PRICE)

    def _id(self, prompt: Prompt) -> str:
        """Return a hash of the prompt and of all settings that influence the reply."""
        return digest(canonical(self.endpoint.body(prompt, 0)))

    def _submit(self, prompts: Mapping[str, Prompt]) -> list[SubmittedBatch]:
        submitted, bodies, size = list[SubmittedBatch](), dict[str, dict[str, Any]](), 0
        for id, prompt in prompts.items():
            body = self.endpoint.sent_body(prompt)
            length = len(json.dumps(body))
            if bodies and (len(bodies) == _MAX_BATCH or size + length > _MAX_BYTES):
                submitted.append(self._submit_one(bodies))
                bodies, size = {}, 0
            bodies[id], size = body, size + length
        return [*submitted, self._submit_one(bodies)] if bodies else submitted

    def _submit_one(self, bodies: Mapping[str, dict[str, Any]]) -> SubmittedBatch:
        """Submit a batch, saving its state before and after, so that it's never paid for twice."""
        new = SubmittedBatch(uuid4().hex, "", self.endpoint.url, time.time(), tuple(bodies))
        self._save([*self._saved(), new])
        new = replace(new, batch=self._require_api().submit(bodies, new.token))
        self._save([*(batch for batch in self._saved() if batch.token != new.token), new])
        return new

    def _wait(self, batch: SubmittedBatch) -> Iterator[BatchResult]:
        """Wait until a batch has ended, and return its results."""
        message = ""
        while not (progress := self._require_api().progress(batch.batch)).is_ended:
            last, message = message, f"{batch.batch}: {progress.done} of {progress.total} requests"
            if message != last:
                self.on_message(message)
            time.sleep(self.every)
        if progress.error:
            self._forget(batch)
            raise TeacherError(
                f"{self.model_name} rejected the batch {batch.batch}: {progress.error}. Fix that "
                "and run again."
            )
        return self._require_api().results(batch.batch)

    def _open_batches(self) -> Iterator[SubmittedBatch]:
        """Yield the open batches of earlier runs, and forget those that were never submitted."""
        for batch in self._saved():
            if batch.url != self.endpoint.url:
                continue
            id = batch.batch or self._require_api().find(batch.token, len(batch.ids), batch.created)
            if id:
                yield replace(batch, batch=id)
            else:
                self._forget(batch)

    def _forget(self, batch: SubmittedBatch) -> None:
        self._save([each for each in self._saved() if each.token != batch.token])

    def _saved(self) -> list[SubmittedBatch]:
        if self.path is None or not self.path.exists():
            return []
        entries = json.loads(self.path.read_text(encoding="utf-8"))
        return [SubmittedBatch(**{**entry, "ids": tuple(entry["ids"])}) for entry in entries]

    def _save(self, batches: Sequence[SubmittedBatch]) -> None:
        if self.path is not None:
            partial = self.path.with_suffix(".partial")
            partial.write_text(json.dumps([asdict(each) for each in batches]), encoding="utf-8")
            partial.replace(self.path)

    def _require_api(self) -> BatchApi:
        if self._api is None:
            raise TeacherError(f"{self.model_name} isn't loaded.")
        return self._api


def build_batched(teacher: Teacher, plan: GenerationPlan) -> BatchedLLM:
    """Create a teacher that sends a plan's prompts in batches.

    Raises `TeacherError` if the plan's teacher has no batch API.
    """
    if not isinstance(teacher, Endpoint) or type(teacher) not in _APIS:
        raise TeacherError(
            f"The teacher “{plan.teacher}” has no batch API. Use openai:MODEL or anthropic:MODEL, "
            "or run without --batch."
        )
    path = plan.journal.with_suffix(".batches.json") if plan.journal else None
    return BatchedLLM(endpoint=teacher, path=path, on_message=plan.on_message)

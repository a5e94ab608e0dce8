"""Wrap a teacher and store its replies in a journal, so that you never pay for a prompt twice."""

import json
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import NamedTuple, Self

from pydantic import PrivateAttr

from pipelines.journal import Journal, Reply, cache_key
from pipelines.meter import LIMIT_REACHED, Meter, estimate_tokens
from pipelines.teachers.batched import BatchedLLM
from pipelines.teachers.callable import CallableLLM
from pipelines.teachers.completion import (
    ONLY_REASONING,
    Completion,
    OnReply,
    Prompt,
    Teacher,
)
from pipelines.teachers.endpoints.endpoint import Endpoint
from pipelines.text.json_objects import tidy_object
from pipelines.text.reasoning import strip_reasoning
from pipelines.text.storable import make_storable

_LIMITED_BATCH = 16
_CALLABLE_BATCH = (
    64  # a local model can take minutes per batch, which would be lost if the run is killed
)
_RULE_MAX_TOKENS = 300


class TeacherIdentity(NamedTuple):
    """The settings that, together with the prompt, determine a reply.

    `parameters` contains canonical JSON.
    """

    name: str
    parameters: str
    seed: int


class CachedLLM(Teacher):
    """A teacher that reads replies from a journal, and asks another teacher for missing ones."""

    teacher: Teacher
    identity: TeacherIdentity
    _is_loaded: bool = PrivateAttr(default=False)
    _journal: Journal = PrivateAttr(default_factory=Journal)
    _meter: Meter = PrivateAttr(default_factory=Meter)

    @classmethod
    def wrap(
        cls, teacher: Teacher, identity: TeacherIdentity, journal: Journal, meter: Meter
    ) -> Self:
        """Wrap a teacher with a journal and with a meter that counts and limits its tokens."""
        cached = cls(name=identity.name, teacher=teacher, identity=identity)
        cached._journal, cached._meter = journal, meter
        return cached

    def load(self) -> None:
        """Load the teacher once for all steps that use it."""
        super().load()
        if not self._is_loaded:
            self.teacher.load()
            self._is_loaded = True

    def unload(self) -> None:
        """Unload the teacher."""
        if self._is_loaded:
            self.teacher.unload()
            self._is_loaded = False

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return the replies in prompt order.

        New replies are written to the journal before they're returned.
        """
        keys = [cache_key(*self.identity, prompt.chat) for prompt in prompts]
        known = self._journal.lookup(keys)
        self._meter.cached += len(known)
        completions = {key: Completion(*astuple(reply)) for key, reply in known.items()}
        missing = {key: p for key, p in zip(keys, prompts, strict=True) if key not in known}
        missing_keys = list(missing)

        def on_reply(number: int, completion: Completion) -> None:
            key, text = missing_keys[number], completion.text and make_storable(completion.text)
            completions[key] = replace(completion, text=text, raw=make_storable(completion.raw))
            if text is not None:  # a missing reply is requested again when the run continues
                self._journal.add(key, Reply(text, *_tokens(completion)))

        if missing:
            self._ask_teacher(list(missing.values()), on_reply)
        return [
            self._clean(completions[key], prompt) for key, prompt in zip(keys, prompts, strict=True)
        ]

    def _clean(self, completion: Completion, prompt: Prompt) -> Completion:
        """Remove the reasoning from a reply and repair its JSON, if the prompt has a schema."""
        if completion.text is None:
            return completion
        text = strip_reasoning(completion.text)
        if not text.strip():
            return replace(completion, text=None, reason=ONLY_REASONING)
        if prompt.schema:
            tidy = tidy_object(text, prompt.schema["required"])
            self._meter.repairs += tidy != text
            text = tidy
        return replace(completion, text=text)

    def _ask_teacher(self, prompts: list[Prompt], on_reply: OnReply) -> None:
        if isinstance(self.teacher, Endpoint | BatchedLLM):  # these enforce limits themselves
            self.teacher.stream(prompts, on_reply)
            return
        start = 0

        def count(number: int, completion: Completion) -> None:
            self._meter.count(*_tokens(completion))
            on_reply(start + number, completion)

        while size := self._batch_size(prompts[start:]):
            self.teacher.stream(prompts[start : start + size], count)
            start += size
        for number in range(start, len(prompts)):
            self._meter.is_stopped = True
            on_reply(number, Completion(None, reason=LIMIT_REACHED))

    def _batch_size(self, prompts: Sequence[Prompt]) -> int:
        """Return how many prompts can be sent at once without exceeding the limits."""
        size = len(prompts)
        if isinstance(self.teacher, CallableLLM):
            size = min(size, _CALLABLE_BATCH)
        if not self._meter.has_limit:
            return size
        size = min(size, _LIMITED_BATCH)
        max_tokens = json.loads(self.identity.parameters).get("max_tokens", _RULE_MAX_TOKENS)
        read = 0
        for count, prompt in enumerate(prompts[:size], 1):
            read += estimate_tokens(prompt.chat)
            if not self._meter.fits(read, count * max_tokens):
                return count - 1
        return size


def _tokens(completion: Completion) -> tuple[int, int]:
    return completion.input_tokens or 0, completion.output_tokens or 0

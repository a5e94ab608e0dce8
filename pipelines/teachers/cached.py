"""A teacher whose replies are kept in a journal, so that you never pay for a prompt twice."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr

from pipelines.journal import Journal, Reply, cache_key
from pipelines.meter import LIMIT_REACHED, Meter, estimate_tokens
from pipelines.teachers.callable import CallableLLM
from pipelines.teachers.completion import Completion, Output, Prompt, no_reply, stream
from pipelines.teachers.endpoint import Endpoint
from pipelines.text.storable import make_storable

_LIMITED_BATCH = 16
_CALLABLE_BATCH = 64  # a local model can take minutes for it, which are lost if the run is killed
_RULE_MAX_TOKENS = 300
_OnReply: TypeAlias = Callable[[str, Output], None]


class TeacherIdentity(NamedTuple):
    """What a reply depends on besides its prompt; `parameters` is canonical JSON."""

    name: str
    parameters: str
    seed: int


class CachedLLM(LLM):
    """Asks another teacher only for replies that the journal doesn't have.

    Inputs are chats, or pairs of a chat and the JSON schema of its reply.
    """

    teacher: LLM
    identity: TeacherIdentity
    _is_loaded: bool = PrivateAttr(default=False)
    _journal: Journal = PrivateAttr(default_factory=Journal)
    _meter: Meter = PrivateAttr(default_factory=Meter)

    @classmethod
    def wrap(
        cls, teacher: LLM, identity: TeacherIdentity, journal: Journal, meter: Meter | None = None
    ) -> "CachedLLM":
        """The teacher with a journal; the meter counts its tokens and limits them."""
        cached = cls(teacher=teacher, identity=identity)
        cached._journal = journal
        cached._meter = meter or Meter()
        return cached

    @property
    def model_name(self) -> str:
        """The teacher's name, as in a campaign file."""
        return self.identity.name

    def load(self) -> None:
        """Load the teacher, once for all steps that use it."""
        super().load()
        if not self._is_loaded:
            self.teacher.load()
            self._is_loaded = True

    def unload(self) -> None:
        """Unload the teacher."""
        if self._is_loaded:
            self.teacher.unload()
            self._is_loaded = False

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[Output]:
        """One reply per input, in order; a new reply is journaled before it's returned."""
        del num_generations  # one reply per prompt
        prompts = [Prompt(*item) if isinstance(item, tuple) else Prompt(item) for item in inputs]
        keys = [cache_key(*self.identity, prompt.chat) for prompt in prompts]
        known = self._journal.lookup(keys)
        self._meter.cached += len(known)
        outputs = {key: _to_output(reply) for key, reply in known.items()}

        def on_reply(key: str, output: Output) -> None:
            outputs[key] = output = _make_storable(output)
            text = output["generations"][0]
            if text is not None:  # a missing reply is asked for again when the run continues
                self._journal.add(key, Reply(text, *_tokens(output)))

        missing = {
            key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known
        }
        if missing:
            self._ask(missing, on_reply)
        return [outputs[key] for key in keys]

    def _ask(self, missing: dict[str, Prompt], on_reply: _OnReply) -> None:
        keys, prompts = list(missing), list(missing.values())
        if isinstance(self.teacher, Endpoint):  # counts tokens and stops at limits itself
            self.teacher.stream(prompts, lambda n, output: on_reply(keys[n], output))
            return

        def count(number: int, output: Output) -> None:
            self._meter.count(*_tokens(output))
            on_reply(keys[number], output)

        while keys:
            size = self._batch_size(prompts)
            if not size:
                self._meter.is_stopped = True
                for key in keys:
                    on_reply(key, no_reply(LIMIT_REACHED))
                return
            stream(self.teacher, prompts[:size], count)
            keys, prompts = keys[size:], prompts[size:]

    def _batch_size(self, prompts: Sequence[Prompt]) -> int:
        """How many prompts to ask for at once, so that the worst case stays within the limits."""
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


def _to_output(reply: Reply) -> Output:
    return Completion(reply.text, reply.input_tokens, reply.output_tokens).to_output()


def _tokens(output: Output) -> tuple[int, int]:
    statistics = output["statistics"]
    return sum(statistics["input_tokens"]), sum(statistics["output_tokens"])


def _make_storable(output: Output) -> Output:
    """The output with a mark for characters that the journal and databases don't accept."""
    fields = {name: output[name] for name in ("generations", "raw") if name in output}
    return {**output, **{n: [t and make_storable(t) for t in ts] for n, ts in fields.items()}}

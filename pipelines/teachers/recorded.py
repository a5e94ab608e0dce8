"""A teacher whose replies are kept in a journal, and taken from it when asked again."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr

from pipelines.journal import Journal, Reply, key
from pipelines.meter import SPENT, Meter, about_tokens
from pipelines.teachers.dialects import Answered
from pipelines.teachers.endpoint import Asked, Endpoint, nothing, output

_AT_ONCE_WHEN_LIMITED = 16
_Arrived: TypeAlias = Callable[[str, dict[str, Any]], None]


class Replies(Protocol):
    """Where replies are kept: a `Journal`, or one that is kept on another machine."""

    def found(self, names: Iterable[str]) -> dict[str, Reply]:
        """Those of some names that a reply is kept under, with it."""

    def keep(self, name: str, reply: Reply) -> None:
        """Adds a reply."""


class Recorded(LLM):
    """Asks the teacher inside for what the journal does not hold.

    `name` is the string the teacher was named by, `parameters` the canonical JSON of what it
    samples with. Prompts come as chats, or as pairs of a chat and the JSON schema of its reply.
    """

    teacher: LLM
    name: str
    parameters: str
    seed: int
    _journal: Replies = PrivateAttr(default_factory=Journal)
    _meter: Meter = PrivateAttr(default_factory=Meter)

    @classmethod
    def over(
        cls, teacher: LLM, about: tuple[str, str, int], journal: Replies, meter: Meter | None = None
    ) -> "Recorded":
        """A teacher with its journal; `about` is its name, parameters and seed."""
        name, parameters, seed = about
        recorded = cls(teacher=teacher, name=name, parameters=parameters, seed=seed)
        recorded._journal = journal
        recorded._meter = meter or Meter()
        return recorded

    @property
    def model_name(self) -> str:
        """The string the teacher was named by."""
        return self.name

    def load(self) -> None:
        """Makes the teacher inside ready."""
        super().load()
        self.teacher.load()

    def unload(self) -> None:
        """Lets the teacher inside go."""
        self.teacher.unload()

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """One reply an input, in their order; a new one is kept before it is returned."""
        del num_generations  # a row needs one
        asked = [item if isinstance(item, tuple) else (item, None) for item in inputs]
        names = [key(self.name, self.parameters, self.seed, chat) for chat, _ in asked]
        known = self._journal.found(names)
        self._meter.known += len(known)
        made = {name: _kept(reply) for name, reply in known.items()}

        def arrived(name: str, reply: dict[str, Any]) -> None:
            made[name] = reply
            if (text := reply["generations"][0]) is not None:
                tokens = (
                    sum(reply["statistics"][way]) for way in ("input_tokens", "output_tokens")
                )
                self._journal.keep(name, Reply(text, *tokens))
            # Where there is none it is asked for again when the run goes on.

        missing = {n: item for n, item in zip(names, asked, strict=True) if n not in known}
        if missing:
            self._ask(missing, arrived)
        return [made[name] for name in names]

    def _ask(self, missing: dict[str, Asked], arrived: _Arrived) -> None:
        names, asked = list(missing), list(missing.values())
        if isinstance(self.teacher, Endpoint):
            self.teacher.generate_each(asked, lambda n, reply: arrived(names[n], reply))
            return
        size = _AT_ONCE_WHEN_LIMITED if self._meter.limited else len(names)
        for start in range(0, len(names), size):
            part = slice(start, start + size)
            for name, reply in zip(names[part], self._asked_at_once(asked[part]), strict=True):
                arrived(name, reply)

    def _asked_at_once(self, asked: list[Asked]) -> list[dict[str, Any]]:
        """Replies of a teacher that counts nothing itself, none of them past a limit."""
        chats = [chat for chat, _ in asked]
        if self._meter.limited and not self._meter.fits(sum(map(about_tokens, chats)), 0):
            self._meter.stopped = True
            return [nothing(SPENT) for _ in chats]
        replies: list[dict[str, Any]] = self.teacher.generate_outputs(
            inputs=chats, **self.teacher.get_generation_kwargs()
        )
        for reply in replies:
            counts = reply["statistics"]
            self._meter.count(sum(counts["input_tokens"]), sum(counts["output_tokens"]))
        return replies


def _kept(reply: Reply) -> dict[str, Any]:
    return output(Answered(reply.text), reply.input_tokens, reply.output_tokens)

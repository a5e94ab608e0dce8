"""A teacher whose replies are kept in a journal, and taken from it when asked again."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr

from pipelines.journal import Journal, Reply, key
from pipelines.meter import SPENT, Meter, about_tokens
from pipelines.storable import storable
from pipelines.teachers.dialects import Answered
from pipelines.teachers.endpoint import Asked, Endpoint, nothing, output
from pipelines.teachers.handed import Handed
from pipelines.teachers.spread import Spread

_AT_ONCE_WHEN_LIMITED = 16
_LONGEST_BY_RULE = 300
_AT_ONCE_BY_MODEL = 64  # which a model on this machine may take minutes for, lost if it is killed
_Arrived: TypeAlias = Callable[[str, dict[str, Any]], None]


class Recorded(LLM):
    """Asks the teacher inside for what the journal does not hold.

    `name` is the string the teacher was named by, `parameters` the canonical JSON of what it
    samples with. Prompts come as chats, or as pairs of a chat and the JSON schema of its reply.
    """

    teacher: LLM
    name: str
    parameters: str
    seed: int
    _loaded: bool = PrivateAttr(default=False)
    _journal: Journal = PrivateAttr(default_factory=Journal)
    _meter: Meter = PrivateAttr(default_factory=Meter)

    @classmethod
    def over(
        cls, teacher: LLM, about: tuple[str, str, int], journal: Journal, meter: Meter | None = None
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
        """Makes the teacher inside ready, once for all the steps that ask it."""
        super().load()
        if not self._loaded:
            self.teacher.load()
            self._loaded = True

    def unload(self) -> None:
        """Lets the teacher inside go."""
        if self._loaded:
            self.teacher.unload()
            self._loaded = False

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """One reply an input, in their order; a new one is kept before it is returned."""
        del num_generations  # a row needs one
        asked = [item if isinstance(item, tuple) else (item, None) for item in inputs]
        names = [key(self.name, self.parameters, self.seed, chat) for chat, _ in asked]
        known = self._journal.found(names)
        self._meter.known += len(known)
        made = {name: _kept(reply) for name, reply in known.items()}

        def arrived(name: str, reply: dict[str, Any]) -> None:
            made[name] = reply = _clean(reply)
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
        if isinstance(self.teacher, Endpoint):  # it keeps to the limits itself
            self.teacher.generate_each(asked, lambda n, reply: arrived(names[n], reply))
            return
        while names:
            count = self._that_fit(asked) if self._meter.limited else len(names)
            if isinstance(self.teacher, Handed):
                count = min(count, _AT_ONCE_BY_MODEL)
            if not count:
                self._meter.stopped = True
                for name in names:
                    arrived(name, nothing(SPENT))
                return
            self._ask_at_once(dict(zip(names[:count], asked[:count], strict=True)), arrived)
            names, asked = names[count:], asked[count:]

    def _that_fit(self, asked: list[Asked]) -> int:
        """How many of some prompts could be asked at once without passing a limit at worst."""
        longest = json.loads(self.parameters).get("max_tokens", _LONGEST_BY_RULE)
        read = count = 0
        for count, (chat, _) in enumerate(asked[:_AT_ONCE_WHEN_LIMITED], 1):
            read += about_tokens(chat)
            if not self._meter.fits(read, count * longest):
                return count - 1
        return count

    def _ask_at_once(self, missing: dict[str, Asked], arrived: _Arrived) -> None:
        """Asks a teacher that counts nothing itself."""
        names, asked = list(missing), list(missing.values())

        def counted(number: int, reply: dict[str, Any]) -> None:
            counts = reply["statistics"]
            self._meter.count(sum(counts["input_tokens"]), sum(counts["output_tokens"]))
            arrived(names[number], reply)

        if isinstance(self.teacher, Spread):
            self.teacher.generate_each(asked, counted)
            return
        replies = self.teacher.generate_outputs(
            inputs=[chat for chat, _ in asked], **self.teacher.get_generation_kwargs()
        )
        for number, reply in enumerate(replies):
            counted(number, reply)


def _kept(reply: Reply) -> dict[str, Any]:
    return output(Answered(reply.text), reply.input_tokens, reply.output_tokens)


def _clean(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply with a mark for what neither the journal nor a database takes."""
    texts = {name: reply[name] for name in ("generations", "raw") if name in reply}
    return {**reply, **{n: [t and storable(t) for t in told] for n, told in texts.items()}}

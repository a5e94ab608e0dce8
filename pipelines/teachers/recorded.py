"""A teacher whose replies are kept in a journal, and taken from it when asked again."""

from collections.abc import Callable
from typing import Any

from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr

from pipelines.journal import Journal, Reply, key
from pipelines.teachers.endpoint import Endpoint


class Recorded(LLM):
    """Asks the teacher inside for what the journal does not hold.

    `name` is the string the teacher was named by, `parameters` the canonical JSON of what it
    samples with.
    """

    teacher: LLM
    name: str
    parameters: str
    seed: int
    _journal: Journal = PrivateAttr(default_factory=Journal)

    @classmethod
    def over(cls, teacher: LLM, about: tuple[str, str, int], journal: Journal) -> "Recorded":
        """A teacher with its journal; `about` is its name, parameters and seed."""
        name, parameters, seed = about
        recorded = cls(teacher=teacher, name=name, parameters=parameters, seed=seed)
        recorded._journal = journal
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
        names = [key(self.name, self.parameters, self.seed, messages) for messages in inputs]
        missing = {
            name: messages
            for name, messages in zip(names, inputs, strict=True)
            if self._journal.find(name) is None
        }
        failed: dict[str, dict[str, Any]] = {}

        def arrived(name: str, output: dict[str, Any]) -> None:
            if output["generations"][0] is None:
                failed[name] = output  # asked again when the run goes on
            else:
                self._keep(name, output)

        if missing:
            self._ask(missing, arrived, num_generations)
        return [failed.get(name) or self._output(name) for name in names]

    def _ask(
        self, missing: dict[str, Any], arrived: Callable[[str, dict[str, Any]], None], count: int
    ) -> None:
        names, chats = list(missing), list(missing.values())
        if isinstance(self.teacher, Endpoint):
            self.teacher.generate_each(chats, lambda n, output: arrived(names[n], output))
            return
        outputs = self.teacher.generate_outputs(inputs=chats, num_generations=count)
        for name, output in zip(names, outputs, strict=True):
            arrived(name, output)

    def _keep(self, name: str, output: dict[str, Any]) -> None:
        counts = output["statistics"]
        tokens = sum(counts["input_tokens"]), sum(counts["output_tokens"])
        self._journal.keep(name, Reply(output["generations"][0], *tokens))

    def _output(self, name: str) -> dict[str, Any]:
        reply = self._journal.find(name)
        if reply is None:
            raise KeyError(name)
        return {
            "generations": [reply.text],
            "statistics": {
                "input_tokens": [reply.input_tokens],
                "output_tokens": [reply.output_tokens],
            },
        }

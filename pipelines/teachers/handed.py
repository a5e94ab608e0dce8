"""A teacher that another stage loads and hands over as a function, such as a model of its own."""

from collections.abc import Callable
from typing import Any

from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr

from pipelines.errors import TeacherError
from pipelines.plan import Write
from pipelines.teachers.dialects import Answered
from pipelines.teachers.endpoint import nothing, output


class Handed(LLM):
    """Writes with the function that it was handed a loader of; `name` is what it goes by."""

    name: str
    _writer: Callable[[], Write] | None = PrivateAttr(default=None)
    _write: Write | None = PrivateAttr(default=None)

    @classmethod
    def over(cls, name: str, writer: Callable[[], Write] | None) -> "Handed":
        """A teacher of a name that writes with the function which a loader gives."""
        teacher = cls(name=name)
        teacher._writer = writer
        return teacher

    @property
    def model_name(self) -> str:
        """The string this teacher is named by."""
        return self.name

    def load(self) -> None:
        """Has the model loaded; raises `TeacherError` if nobody was handed over who does so."""
        super().load()
        if self._writer is None:
            raise TeacherError(
                f"found nobody who writes for the teacher “{self.name}”, expected a model that "
                "is loaded for it; name another teacher"
            )
        self._write = self._writer()

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """The replies, in the order of the prompts; none where a prompt is too long."""
        del num_generations  # a row needs one; another seed gives another
        replies = self._write(inputs) if self._write else []
        return [
            output(Answered(reply.text), reply.input_tokens, reply.output_tokens)
            if reply
            else nothing("prompt too long for the model")
            for reply in replies
        ]

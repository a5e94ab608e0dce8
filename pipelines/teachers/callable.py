"""A teacher that calls a function, such as a local model that another stage loads."""

from collections.abc import Callable
from typing import Any, Self

from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr

from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan, ReplyFn
from pipelines.teachers.completion import TOO_LONG, Completion, Output, no_reply


class CallableLLM(LLM):
    """Replies with a function, which a loader returns when the teacher is loaded."""

    name: str
    _loader: Callable[[], ReplyFn] | None = PrivateAttr(default=None)
    _reply_fn: ReplyFn | None = PrivateAttr(default=None)

    @classmethod
    def from_plan(cls, plan: GenerationPlan, model: str, url: str) -> Self:
        """The teacher whose loader is the plan's `writer`."""
        del model, url  # the writer knows its model, and a local model has no URL
        teacher = cls(name=plan.teacher)
        teacher._loader = plan.resources.writer
        return teacher

    @property
    def model_name(self) -> str:
        """The teacher's name, as in a campaign file."""
        return self.name

    def load(self) -> None:
        """Load the model; raises `TeacherError` if there's no loader."""
        super().load()
        if self._loader is None:
            raise TeacherError(
                f"This command can't load the model of the teacher “{self.name}”. Choose another "
                "teacher."
            )
        self._reply_fn = self._loader()

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[Output]:
        """The replies in the order of the chats; no reply to a chat that's too long."""
        del num_generations  # one reply per prompt; another seed gives another reply
        replies = self._reply_fn(inputs) if self._reply_fn else []
        return [
            Completion(reply.text, reply.input_tokens, reply.output_tokens).to_output()
            if reply
            else no_reply(TOO_LONG)
            for reply in replies
        ]

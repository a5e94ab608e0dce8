"""A teacher that calls a function, such as a local model loaded by another stage."""

from collections.abc import Callable, Sequence
from dataclasses import astuple

from pydantic import PrivateAttr

from pipelines.errors import TeacherError
from pipelines.plan import ReplyFn
from pipelines.teachers.completion import TOO_LONG, Completion, Prompt, Teacher


class CallableLLM(Teacher):
    """A teacher that calls a function to get its replies.

    `loader` is called when the teacher is loaded, and returns the function that answers chats.
    """

    loader: Callable[[], ReplyFn] | None
    _reply_fn: ReplyFn | None = PrivateAttr(default=None)

    def load(self) -> None:
        """Load the model. Raises `TeacherError` if the teacher was created without a `loader`."""
        super().load()
        if self.loader is None:
            raise TeacherError(
                f"The teacher “{self.name}” needs a local model, which this command can't load. "
                "Choose another teacher."
            )
        self._reply_fn = self.loader()

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return the replies in chat order. A chat that is too long for the model gets no reply."""
        replies = self._reply_fn([prompt.chat for prompt in prompts]) if self._reply_fn else []
        return [
            Completion(*astuple(reply)) if reply else Completion(None, reason=TOO_LONG)
            for reply in replies
        ]

"""A teacher that calls a function, such as a local model that another stage loads."""

from collections.abc import Callable, Sequence
from dataclasses import astuple

from pydantic import PrivateAttr

from pipelines.errors import TeacherError
from pipelines.plan import ReplyFn
from pipelines.teachers.completion import TOO_LONG, Completion, Prompt, Teacher


class CallableLLM(Teacher):
    """Replies with a function, which `loader` returns when the teacher is loaded."""

    loader: Callable[[], ReplyFn] | None
    _reply_fn: ReplyFn | None = PrivateAttr(default=None)

    def load(self) -> None:
        """Load the model; raises `TeacherError` if there's no loader."""
        super().load()
        if self.loader is None:
            raise TeacherError(
                f"This command can't load the model of the teacher “{self.name}”. Choose another "
                "teacher."
            )
        self._reply_fn = self.loader()

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """The replies in the order of the chats; no reply to a chat that's too long."""
        replies = self._reply_fn([prompt.chat for prompt in prompts]) if self._reply_fn else []
        return [
            Completion(*astuple(reply)) if reply else Completion(None, reason=TOO_LONG)
            for reply in replies
        ]

"""A stand-in for a model: it asks about a plain answer, and says answers again in a chatty way."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.journal import Reply
from pipelines.plan import GenerationPlan, Resources
from pipelines.prompting import ChatMessages


@dataclass
class StandIn:
    """Replies to prompts for models, and records them. `replies` replace its own, in turn."""

    replies: list[str] = field(default_factory=list)
    chats: list[ChatMessages] = field(default_factory=list)

    def __call__(self, chats: Sequence[ChatMessages]) -> list[Reply | None]:
        """Reply to each chat."""
        self.chats += chats
        return [Reply(self.reply(chat), 10, 5) for chat in chats]

    def plan(self, **values: object) -> GenerationPlan:
        """A plan with this stand-in as the teacher."""
        resources = Resources(writer=lambda: self)
        return GenerationPlan("shop", "transformers:m", resources=resources, **values)  # type: ignore[arg-type]

    @property
    def requests(self) -> list[str]:
        """The last turn of each prompt."""
        return [chat[-1]["content"] for chat in self.chats]

    def reply(self, chat: ChatMessages) -> str:
        """The reply to a chat."""
        if self.replies:
            return self.replies.pop(0)
        users = [m["content"] for m in chat if m["role"] == "user"]
        request = next(text for text in reversed(users) if "was rejected" not in text)
        before, mark, answer = request.partition("Answer: ")
        if before.startswith("Text: "):
            return f"What about {' '.join(answer.split()[-3:]).rstrip('.')}?"
        return chatty(answer if mark else request)


def chatty(answer: str) -> str:
    """An answer with the same facts in other words."""
    words = answer.split()
    return " ".join(["Well,", *words[:4], "you", "know,", *words[4:]])

"""Chat with a trained model in the terminal, optionally next to its base model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from db.records import Message, Role
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.chat import make_storable
from trainer.errors import TrainerError


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Options for a chat: the system prompt, if any, and whether the base model also answers."""

    system: str = ""
    with_base: bool = False
    max_new_tokens: int = 128
    temperature: float = 0.0


@dataclass(slots=True)
class Conversation:
    """A conversation with one model: its label, its reply function, and the messages so far."""

    label: str
    reply: Callable[[list[Message]], str]
    messages: list[Message] = field(default_factory=list)

    def send(self, text: str) -> str:
        """Send a message and return the reply. If the model can't reply, the message is discarded.

        Raises `TrainerError` if the conversation is too long for the model.
        """
        prompt = [*self.messages, Message(Role.USER, text)]
        reply = self.reply(prompt)
        self.messages = [*prompt, Message(Role.ASSISTANT, reply)]
        return reply


def open_conversations(tuned: Arm, options: ChatOptions) -> list[Conversation]:
    """Load the tuned model and, if `options.with_base` is set, its base model.

    Raises `TrainerError` if there is no adapter, or if the adapter was trained on another base
    model.
    """
    decoding = Decoding(
        max_new_tokens=options.max_new_tokens, temperature=options.temperature, batch_size=1
    )
    tuned = replace(tuned, system=options.system)
    conversations = [Conversation("tuned", Answerer(tuned, decoding).reply)]
    if options.with_base:
        base = replace(tuned, name="base", adapter=None, run=None)
        conversations.append(Conversation("base", Answerer(base, decoding).reply))
    return conversations


def run_chat(
    conversations: Iterable[Conversation], lines: Iterable[str], echo: Callable[[str], None]
) -> None:
    """Send each line to every model and print the replies.

    The line `/new` starts a new conversation.
    """
    conversations = list(conversations)
    width = max(len(conversation.label) for conversation in conversations)
    for line in lines:
        text = make_storable(line.strip())
        if text == "/new":
            for conversation in conversations:
                conversation.messages = []
        elif text:
            for conversation in conversations:
                try:
                    reply = conversation.send(text)
                except TrainerError as error:
                    reply = f"({error} Type /new to start again.)"
                echo(f"{conversation.label:<{width}}  {reply}")

"""A terminal chat with a tuned model and its base."""

from pathlib import Path

from db.records import Message, Role
from tests.trainer.conftest import chat_example
from trainer.arms import Arm
from trainer.chat_session import ChatOptions, Conversation, open_conversations, run_chat
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.sft import train


def test_tuned_and_base_model_each_remember_their_own_conversation(
    tiny_model: Path, tmp_path: Path
) -> None:
    config = TrainingConfig(str(tiny_model), steps=2, batch_size=2, lora_rank=2)
    result = train([chat_example(n) for n in range(4)], config, tmp_path)
    tuned = Arm("tuned", str(tiny_model), adapter=result.adapter, run="r")
    conversations = open_conversations(tuned, ChatOptions(with_base=True, max_new_tokens=4))
    lines: list[str] = []
    run_chat(conversations, ["the river\n", "\n", "the banks\n"], lines.append)
    assert [line.split()[0] for line in lines] == ["tuned", "base", "tuned", "base"]
    assert all(len(conversation.messages) == 4 for conversation in conversations)
    run_chat(conversations, ["/new\n"], lines.append)
    assert all(conversation.messages == [] for conversation in conversations)


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    conversation = Conversation("tuned", lambda messages: messages[-1].content)
    lines: list[str] = []
    run_chat([conversation], ["what\udcff is it\0"], lines.append)
    assert lines == ["tuned  what\ufffd is it\ufffd"]


def test_a_message_without_a_reply_is_dropped() -> None:
    def reply(messages: list[Message]) -> str:
        if len(messages) > 1:
            raise TrainerError("The conversation is too long.")
        return "yes"

    lines: list[str] = []
    conversation = Conversation("tuned", reply)
    run_chat([conversation], ["one", "two"], lines.append)
    assert lines[1] == "tuned  (The conversation is too long. Type /new to start again.)"
    assert conversation.messages == [Message(Role.USER, "one"), Message(Role.ASSISTANT, "yes")]

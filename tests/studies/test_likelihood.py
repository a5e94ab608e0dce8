"""The likelihood of chats: only the answers that carry loss count, in tokens and in bytes."""

from dataclasses import replace
from pathlib import Path

from db.records import Message, Role
from studies.likelihood import measure_likelihood
from studies.result_cache import ResultCache
from studies.strategies import StudyModel
from tests.trainer import conftest as trainer_fixtures
from tests.trainer.conftest import chat_example

tiny_model = trainer_fixtures.tiny_model


def test_answers_without_loss_count_neither_as_tokens_nor_as_bytes(
    tiny_model: Path, tmp_path: Path
) -> None:
    question, second = Message(Role.USER, "it is"), Message(Role.USER, "is it")
    silent = Message(Role.ASSISTANT, "not this one", has_loss=False)
    answer = Message(Role.ASSISTANT, "it is")
    chat = replace(chat_example(1), messages=(question, silent, second, answer))
    model = StudyModel(str(tiny_model))
    counted = measure_likelihood(model, [chat], ResultCache(tmp_path))
    assert counted.bytes == len(b"it is")
    everything = replace(chat, messages=(question, replace(silent, has_loss=True), second, answer))
    longer = measure_likelihood(model, [everything], ResultCache(tmp_path))
    assert longer.bytes == len(b"not this oneit is")
    assert longer.tokens > counted.tokens

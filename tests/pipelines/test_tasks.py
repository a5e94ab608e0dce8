import json
from typing import Any

import pytest
from distilabel.models.llms.base import LLM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import PrivateAttr

from pipelines.conversations import build_tone_pipeline
from pipelines.engine import quiet_distilabel, stream_rows
from pipelines.replies import parse_reply
from pipelines.tasks import PromptTask
from pipelines.voices.tone import Tone


class CannedLLM(LLM):  # type: ignore[misc] # distilabel ships no types
    """A teacher that gives prepared replies in turn and records its prompts."""

    replies: list[str | None]
    _prompts: list[str] = PrivateAttr(default_factory=list)

    @property
    def model_name(self) -> str:
        return "canned"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        del num_generations
        self._prompts += [chat[-1]["content"] for chat in inputs]
        return [
            {
                "generations": [self.replies.pop(0)],
                "statistics": {"input_tokens": [7], "output_tokens": [3]},
            }
            for _ in inputs
        ]


def ask_task(llm: LLM) -> PromptTask:
    with quiet_distilabel():
        return PromptTask(
            name="ask", llm=llm, prompt="question.v1", reads=["passage"], writes="questions",
            constants={"count": 2},
        )  # fmt: skip


@pytest.fixture
def task() -> PromptTask:
    return ask_task(CannedLLM(replies=[]))


def test_task_declares_its_columns(task: PromptTask) -> None:
    assert task.inputs == ["passage"]
    assert task.outputs == ["questions", "rejection", "model_name"]


def test_input_is_the_prompt_filled_with_the_row(task: PromptTask) -> None:
    system, user = task.format_input({"passage": "A viaduct."})
    assert system["role"] == "system"
    assert "A viaduct." in user["content"]
    assert "Ask 2 different questions" in user["content"]


def test_output_is_the_value_of_the_key(task: PromptTask) -> None:
    assert task.format_output('{"questions": ["Why?"]}') == {
        "questions": ["Why?"],
        "rejection": None,
    }


@pytest.mark.parametrize(
    "raw", ["", "Why?", '{"answer": "x"}', '{"questions": []}', "{broken", "[]"]
)
def test_reply_without_the_key_rejects_the_row_and_is_kept(task: PromptTask, raw: str) -> None:
    columns = task.format_output(raw)
    assert columns["questions"] is None
    assert columns["rejection"]["text"] == raw
    assert columns["rejection"]["reason"] == "reply without what was asked"


def test_missing_reply_has_its_own_reason(task: PromptTask) -> None:
    assert task.format_output(None)["rejection"]["reason"] == "no reply"


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="{}")))
def test_value_is_found_despite_text_around_its_object(value: str, around: str) -> None:
    text = f"{around}{json.dumps({'answer': value})}{around}"
    assert parse_reply(text, "answer") == (None if "\x00" in value else value.strip() or None)


@pytest.mark.parametrize(
    "raw",
    [
        '{"messages": "Hello."}',
        '{"messages": [{"role": "user"}]}',
        '{"messages": [{"role": "robot", "content": "Hello."}]}',
        '{"messages": [["user", "Hello."]]}',
    ],
)
def test_value_that_breaks_the_schema_is_none(raw: str) -> None:
    assert parse_reply(raw, "messages") is None


@pytest.mark.parametrize("text", ["half a character \\ud800", "a NUL \\u0000"])
def test_value_that_cannot_be_stored_is_none(text: str) -> None:
    assert parse_reply(f'{{"answer": "{text}"}}', "answer") is None


def test_rejected_row_is_not_asked_again(tone: Tone) -> None:
    llm = CannedLLM(replies=["nonsense", '{"questions": ["Why?"]}', "nonsense again",
                          '{"plain_answer": "So."}', '{"answer": "Just so."}'])  # fmt: skip
    rows = [{"passage": "One.", "subject": "1"}, {"passage": "Two.", "subject": "2"}]
    first, second = stream_rows(build_tone_pipeline(tone, llm), rows)
    assert first["rejection"]["detail"] == "question.v1: questions"
    assert first["answer"] is None
    assert second["rejection"] is None
    assert second["answer"] == "Just so."
    assert (second["input_tokens"], second["output_tokens"]) == (21, 9)


# distilabel 1.5.3 uses a deprecated way to read pydantic's fields
@pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")
def test_distilabel_accepts_the_pipeline(tone: Tone) -> None:
    pipeline = build_tone_pipeline(tone, CannedLLM(replies=[]))
    assert list(pipeline.dag) == ["ask", "each_question", "answer_plainly", "retell"]
    pipeline._add_dataset_generator_step([{"passage": "One."}], 50)
    pipeline.dag.validate()

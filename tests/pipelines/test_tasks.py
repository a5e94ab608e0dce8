import json
from typing import Any

import pytest
from distilabel.models.llms.base import LLM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import PrivateAttr

from pipelines.conversations import tone_pipeline
from pipelines.engine import quiet, walk
from pipelines.replies import reply
from pipelines.tasks import PromptTask
from pipelines.tone_file import Tone


class Canned(LLM):  # type: ignore[misc] # distilabel ships no types
    """Gives the replies it was made with in turn, and records what it was asked."""

    replies: list[str | None]
    _asked: list[str] = PrivateAttr(default_factory=list)

    @property
    def model_name(self) -> str:
        return "canned"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        del num_generations
        self._asked += [chat[-1]["content"] for chat in inputs]
        return [
            {
                "generations": [self.replies.pop(0)],
                "statistics": {"input_tokens": [7], "output_tokens": [3]},
            }
            for _ in inputs
        ]


def ask_task(llm: LLM) -> PromptTask:
    with quiet():
        return PromptTask(
            name="ask", llm=llm, prompt="question.v1", reads=["passage"], writes="questions",
            constants={"count": 2},
        )  # fmt: skip


@pytest.fixture
def task() -> PromptTask:
    return ask_task(Canned(replies=[]))


def test_a_task_reads_and_writes_the_columns_it_says(task: PromptTask) -> None:
    assert task.inputs == ["passage"]
    assert task.outputs == ["questions", "refused", "model_name"]


def test_its_input_is_the_prompt_filled_with_the_row(task: PromptTask) -> None:
    system, user = task.format_input({"passage": "A viaduct."})
    assert system["role"] == "system"
    assert "A viaduct." in user["content"]
    assert "Ask 2 different questions" in user["content"]


def test_its_output_is_the_value_of_the_key(task: PromptTask) -> None:
    assert task.format_output('{"questions": ["Why?"]}') == {
        "questions": ["Why?"],
        "refused": None,
    }


@pytest.mark.parametrize(
    "raw", ["", "Why?", '{"answer": "x"}', '{"questions": []}', "{broken", "[]"]
)
def test_a_reply_without_the_key_sets_the_row_aside_and_is_kept(task: PromptTask, raw: str) -> None:
    made = task.format_output(raw)
    assert made["questions"] is None
    assert made["refused"]["text"] == raw
    assert made["refused"]["reason"] == "reply without what was asked"


def test_no_reply_at_all_has_a_reason_of_its_own(task: PromptTask) -> None:
    assert task.format_output(None)["refused"]["reason"] == "no reply"


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="{}")))
def test_a_value_is_found_whatever_words_stand_around_its_object(value: str, around: str) -> None:
    text = f"{around}{json.dumps({'answer': value})}{around}"
    assert reply(text, "answer") == (None if "\x00" in value else value.strip() or None)


@pytest.mark.parametrize(
    "raw",
    [
        '{"messages": "Hello."}',
        '{"messages": [{"role": "user"}]}',
        '{"messages": [{"role": "robot", "content": "Hello."}]}',
        '{"messages": [["user", "Hello."]]}',
    ],
)
def test_a_value_of_another_form_is_none(raw: str) -> None:
    assert reply(raw, "messages") is None


@pytest.mark.parametrize("text", ["half a character \\ud800", "a NUL \\u0000"])
def test_a_value_that_could_not_be_stored_is_none(text: str) -> None:
    assert reply(f'{{"answer": "{text}"}}', "answer") is None


def test_a_row_set_aside_is_asked_nothing_more(tone: Tone) -> None:
    llm = Canned(replies=["nonsense", '{"questions": ["Why?"]}', "nonsense again",
                          '{"plain_answer": "So."}', '{"answer": "Just so."}'])  # fmt: skip
    rows = [{"passage": "One.", "subject": "1"}, {"passage": "Two.", "subject": "2"}]
    first, second = walk(tone_pipeline(tone, llm), rows)
    assert first["refused"]["detail"] == "question.v1: questions"
    assert first["answer"] is None
    assert second["refused"] is None
    assert second["answer"] == "Just so."
    assert (second["input_tokens"], second["output_tokens"]) == (21, 9)


# distilabel 1.5.3 looks at pydantic's fields the old way
@pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")
def test_the_pipeline_is_one_that_distilabel_itself_accepts(tone: Tone) -> None:
    pipeline = tone_pipeline(tone, Canned(replies=[]))
    assert list(pipeline.dag) == ["ask", "each_question", "answer_plainly", "retell"]
    pipeline._add_dataset_generator_step([{"passage": "One."}], 50)
    pipeline.dag.validate()

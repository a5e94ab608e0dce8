import json
from typing import Any

import pytest
from distilabel.models.llms.base import LLM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import PrivateAttr

from db.records import Candidate, CandidateKind, Provenance, plain
from pipelines.checks.campaign import CampaignChecks
from pipelines.conversations import ConversationTask, build_tone_pipeline
from pipelines.engine import quiet_distilabel, stream_rows
from pipelines.replies import parse_reply, parse_text, reply_schema
from pipelines.tasks import PromptTask
from pipelines.text.sentences import split_sentences
from pipelines.voices.tone import MODEL_PROMPTS, OFFLINE_PROMPTS, Tone
from pipelines.worked_examples import voice_examples
from timbre.campaign import load_persona


class CannedLLM(LLM):  # type: ignore[misc] # distilabel ships no types
    """A teacher that gives prepared replies in turn and records its prompts."""

    replies: list[str | None]
    _chats: list[Any] = PrivateAttr(default_factory=list)

    @property
    def model_name(self) -> str:
        return "canned"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        del num_generations
        self._chats += inputs
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
    pipeline = build_tone_pipeline(ConversationTask(tone, OFFLINE_PROMPTS), llm)
    first, second = stream_rows(pipeline, rows)
    assert first["rejection"]["detail"] == "question.v1: questions"
    assert first["answer"] is None
    assert second["rejection"] is None
    assert second["answer"] == "Just so."
    assert (second["input_tokens"], second["output_tokens"]) == (21, 9)


# distilabel 1.5.3 uses a deprecated way to read pydantic's fields
@pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")
def test_distilabel_accepts_the_pipeline(tone: Tone) -> None:
    pipeline = build_tone_pipeline(ConversationTask(tone, OFFLINE_PROMPTS), CannedLLM(replies=[]))
    assert list(pipeline.dag) == ["ask", "each_question", "answer_plainly", "retell"]
    pipeline._add_dataset_generator_step([{"passage": "One."}], 50)
    pipeline.dag.validate()


def test_extra_questions_are_not_used(tone: Tone) -> None:
    replies = ['{"questions": ["Why?", "When?", "Where?"]}', '{"plain_answer": "So."}',
               '{"answer": "Just so."}']  # fmt: skip
    llm = CannedLLM(replies=replies)
    pipeline = build_tone_pipeline(ConversationTask(tone, OFFLINE_PROMPTS), llm)
    rows = stream_rows(pipeline, [{"passage": "One."}])
    assert [row["question"] for row in rows] == ["Why?"]
    assert llm.replies == []


def test_teacher_may_give_only_as_many_questions_as_asked_for() -> None:
    assert reply_schema("questions", 2)["properties"]["questions"]["maxItems"] == 2
    assert "maxItems" not in reply_schema("questions")["properties"]["questions"]
    assert "maxItems" not in reply_schema("answer", 2)["properties"]["answer"]


PASSAGE = (
    "The Orrin Viaduct is a railway bridge in the north of the county, near the mill. It was built "
    "in 1867 by the engineer Agnes Tulloch, and it carries two tracks across the valley."
)


def test_plain_answers_are_sentences_and_the_teacher_writes_text(tone: Tone) -> None:
    task = ConversationTask(tone, MODEL_PROMPTS, count=2, examples=voice_examples(tone))
    llm = CannedLLM(replies=["Who built it?", "What is it?", "Oh, Agnes Tulloch.", "A bridge."])
    rows = list(stream_rows(build_tone_pipeline(task, llm), [{"passage": PASSAGE}]))
    assert {row["plain_answer"] for row in rows} == {*split_sentences(PASSAGE)}
    assert [(row["question"], row["answer"]) for row in rows] == [
        ("Who built it?", "Oh, Agnes Tulloch."),
        ("What is it?", "A bridge."),
    ]
    ask, retell = llm._chats[0], llm._chats[2]
    assert [m["role"] for m in ask] == ["system", *["user", "assistant"] * 5, "user"]
    assert [m["role"] for m in retell] == ["system", *["user", "assistant"] * 6, "user"]
    assert retell[1]["content"] == tone.examples[0].plain
    assert retell[2]["content"] == tone.examples[0].rewritten
    assert [m["content"] for m in llm._chats[3][:-1]] == [m["content"] for m in retell[:-1]]


def test_an_example_is_not_shown_for_a_passage_from_its_article(tone: Tone) -> None:
    with quiet_distilabel():
        task = PromptTask(
            name="retell", llm=CannedLLM(replies=[]), prompt="tone_answer.v2", writes="answer",
            reads=["plain_answer"], constants={"tone": plain(tone)},
            examples=[
                {"plain_answer": "One.", "answer": "Uno.", "articles": ["a", "b"]},
                {"plain_answer": "Two.", "answer": "Due.", "articles": ["c"]},
            ],
        )  # fmt: skip

    def shown(article: str) -> list[str]:
        chat = task.format_input({"plain_answer": "Three.", "article": article})
        return [message["content"] for message in chat[1:]]

    assert shown("d") == ["One.", "Uno.", "Two.", "Due.", "Three."]
    assert shown("b") == ["Two.", "Due.", "Three."]
    assert shown("c") == ["One.", "Uno.", "Three."]


@pytest.mark.parametrize("reply", ["", "  ", "It was built in 1867.", "Who?\nAgnes.", "a \x00?"])
def test_reply_that_is_no_question_is_rejected(reply: str) -> None:
    assert parse_text(reply, "question") is None


def test_text_reply_is_stripped() -> None:
    assert parse_text(" Who built it? \n", "question") == "Who built it?"
    assert parse_text("\nTwo\n\nparagraphs. ", "document") == "Two\n\nparagraphs."


def test_rejected_text_is_asked_for_again_as_another_turn(tone: Tone) -> None:
    llm = CannedLLM(replies=["That's it.", "Who built it?", "Oh, Agnes."])
    task = ConversationTask(tone, MODEL_PROMPTS)
    (row,) = stream_rows(build_tone_pipeline(task, llm), [{"passage": PASSAGE}])
    assert row["question"] == "Who built it?"
    first, second = llm._chats[:2]
    assert second[: len(first)] == first
    assert second[-2] == {"role": "assistant", "content": "That's it."}
    assert "rejected: reply without what was asked" in second[-1]["content"]


def test_passage_without_a_suitable_sentence_is_rejected_without_a_request(tone: Tone) -> None:
    llm = CannedLLM(replies=[])
    task = ConversationTask(tone, MODEL_PROMPTS)
    (row,) = stream_rows(build_tone_pipeline(task, llm), [{"passage": "Who knows (it?"}])
    assert row["rejection"]["reason"] == "no sentence to ask about"


def test_text_that_repeats_a_worked_example_is_rejected() -> None:
    marlo = load_persona("marlo")
    example = next(e for e in voice_examples(marlo) if e.kind is CandidateKind.STATEMENT)
    checks = CampaignChecks("en", marlo)
    checks.remember_example(example.text)
    candidate = Candidate(
        campaign="c",
        kind=CandidateKind.STATEMENT,
        provenance=Provenance((), "t", "{}", 0),
        text=f"{example.text} No hurry.",
        traits=("patient",),
    )
    failure = checks.run(candidate, "The weather was bad.")
    assert failure is not None
    assert failure.reason == "near-duplicate"
    assert failure.detail.endswith("like a worked example")

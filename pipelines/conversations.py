"""The tone pipeline: passage → question → plain answer → the same answer in the tone."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline
from distilabel.steps.base import Step, StepInput

from db.records import Candidate, CandidateKind, Message, Passage, Rejection, Role, plain
from pipelines.checks.campaign import CampaignChecks
from pipelines.engine import quiet_distilabel
from pipelines.plan import GenerationPlan
from pipelines.run import GenerationRun
from pipelines.tasks import PromptTask, Row
from pipelines.voices.tone import Tone


class SplitQuestions(Step):
    """Split a row with several questions into one row per question."""

    @property
    def inputs(self) -> list[str]:
        """The input column, which contains the questions about a passage."""
        return ["questions"]

    @property
    def outputs(self) -> list[str]:
        """The output column, which contains a single question."""
        return ["question"]

    def process(self, inputs: StepInput) -> Any:
        """Copy each row once per question. Rejected and retried rows aren't copied."""
        yield [{**row, "question": question} for row in inputs for question in _questions(row)]


def _questions(row: Row) -> list[str | None]:
    if row["rejection"] or row.get("question"):
        return [row.get("question")]
    return [" ".join(question.split()) for question in row["questions"]]


def build_tone_pipeline(tone: Tone, llm: LLM, count: int = 1) -> Pipeline:
    """Build the distilabel pipeline that asks and answers `count` questions about each passage."""
    prompts = tone.prompts
    with quiet_distilabel(), Pipeline(name="tone") as pipeline:
        task = partial(PromptTask, llm=llm)
        ask = task(
            name="ask",
            prompt=prompts.question,
            reads=["passage"],
            constants={"count": count},
            writes="questions",
        )
        split = SplitQuestions(name="each_question")
        answer = task(
            name="answer_plainly",
            prompt=prompts.plain,
            reads=["passage", "question"],
            writes="plain_answer",
        )
        retell = task(
            name="retell",
            prompt=prompts.answer,
            reads=["question", "plain_answer"],
            constants={"tone": plain(tone)},
            writes="answer",
        )
        ask >> split >> answer >> retell
    return pipeline


def generate_conversations(
    passages: Iterable[Passage], tone: Tone, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Yield questions about each passage with answers in the tone, and rejections.

    The user message consists of the passage, an empty line and the question. `reference` is the
    plain answer. Raises `TeacherError` if the plan's teacher is unknown or can't be reached.
    """
    run = GenerationRun(
        plan=plan,
        checks=CampaignChecks(tone.language, resources=plan.resources),
        build=lambda llm: build_tone_pipeline(tone, llm, plan.questions_per_passage),
        prompts=lambda _: (tone.prompts.question, tone.prompts.plain, tone.prompts.answer),
        text_column=lambda _: "answer",
        fields=_fields,
    )
    return run.candidates(({"passage": p.text, "subject": p.id} for p in passages), tone.phrasebook)


def _fields(row: Row) -> dict[str, Any]:
    user = f"{row['passage']}\n\n{row['question']}"
    return {
        "kind": CandidateKind.CONVERSATION,
        "messages": (Message(Role.USER, user), Message(Role.ASSISTANT, row["answer"])),
        "question": row["question"],
        "reference": row["plain_answer"],
    }

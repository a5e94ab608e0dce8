"""The tone pipeline: passage → question → plain answer → the same answer in the tone."""

from collections.abc import Iterable, Iterator
from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline
from distilabel.steps.base import Step, StepInput

from db.records import Candidate, CandidateKind, Message, Passage, Rejection, Role, plain
from pipelines.checks.candidates import CampaignChecks, CheckedFor
from pipelines.engine import quiet
from pipelines.plan import GenerationPlan
from pipelines.run import Generation, candidates, provenance
from pipelines.tasks import PromptTask, Row
from pipelines.teachers.registry import parameters, teacher
from pipelines.tone_file import Tone


class EachQuestion(Step):
    """One row for every question that was asked about a passage."""

    @property
    def inputs(self) -> list[str]:
        """The questions of a passage."""
        return ["questions"]

    @property
    def outputs(self) -> list[str]:
        """One question."""
        return ["question"]

    def process(self, inputs: StepInput) -> Any:
        """Copies a row for each of its questions; one set aside or asked anew stays as it is."""
        rows: list[Row] = inputs
        yield [{**row, "question": question} for row in rows for question in self.questions(row)]

    def questions(self, row: Row) -> list[str | None]:
        """The questions a row is copied for."""
        if row["refused"] or row.get("question"):
            return [row.get("question")]
        return [" ".join(question.split()) for question in row["questions"]]


def tone_pipeline(tone: Tone, llm: LLM, count: int = 1) -> Pipeline:
    """The distilabel pipeline that turns rows with a passage into rows with an answer."""
    with quiet(), Pipeline(name="tone") as pipeline:
        ask = PromptTask(
            name="ask",
            llm=llm,
            prompt=tone.prompts.question,
            reads=["passage"],
            constants={"count": count},
            writes="questions",
        )
        each = EachQuestion(name="each_question")
        answer = PromptTask(
            name="answer_plainly",
            llm=llm,
            prompt=tone.prompts.plain,
            reads=["passage", "question"],
            writes="plain_answer",
        )
        retell = PromptTask(
            name="retell",
            llm=llm,
            prompt=tone.prompts.answer,
            reads=["question", "plain_answer"],
            constants={"tone": plain(tone)},
            writes="answer",
        )
        ask >> each >> answer >> retell
    return pipeline


def conversations(
    passages: Iterable[Passage], tone: Tone, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """A question and an answer in the tone for each passage, or why there is none.

    The user's message is the passage, an empty line and the question; the candidate's
    `reference` is the plain answer that was rewritten. What a check finds fault with comes as
    a refusal that keeps the text.

    Raises `TeacherError` if the plan names no known teacher, or it cannot be asked.
    """
    about = (plan.teacher, parameters(plan, tone.phrasebook), plan.seed)
    prompts = (tone.prompts.question, tone.prompts.plain, tone.prompts.answer)

    def made(row: Row) -> Candidate:
        asked = f"{row['passage']}\n\n{row['question']}"
        return Candidate(
            campaign=plan.campaign,
            kind=CandidateKind.CONVERSATION,
            provenance=provenance(prompts, row, about),
            messages=(Message(Role.USER, asked), Message(Role.ASSISTANT, row["answer"])),
            question=row["question"],
            reference=row["plain_answer"],
            passage=row["passage_id"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
        )

    def build(llm: LLM) -> Pipeline:
        return tone_pipeline(tone, llm, plan.questions_per_passage)

    rows = ({"passage": p.text, "passage_id": p.id, "subject": p.id} for p in passages)
    writer = teacher(plan, tone.phrasebook)
    checks = CampaignChecks(CheckedFor(tone.language), plan.lent)
    return candidates(
        rows, Generation(plan, writer, about, build, made, lambda _: "answer", checks)
    )

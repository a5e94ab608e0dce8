"""The tone pipeline, which generates questions and answers from passages.

It generates a question and a plain answer, and then rewrites the answer in the campaign's tone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Self

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline
from distilabel.steps.base import Step, StepInput

from db.records import Candidate, CandidateKind, Message, Passage, Rejection, Role, digest, plain
from pipelines.articles.spans import choose_spans, text_before
from pipelines.checks.campaign import CampaignChecks
from pipelines.engine import quiet_distilabel
from pipelines.plan import GenerationPlan
from pipelines.run import GenerationRun
from pipelines.tasks import PromptTask, Row
from pipelines.teachers.registry import PHRASEBOOK
from pipelines.voices.tone import MODEL_PROMPTS, OFFLINE_PROMPTS, Tone, TonePrompts
from pipelines.worked_examples import WorkedExample, of_kind, voice_examples

_NO_SENTENCE = "no sentence to ask about"


class SplitQuestions(Step):
    """Splits a row with several questions into one row per question, up to `count` rows."""

    count: int = 1

    @property
    def inputs(self) -> list[str]:
        """The input column, which contains the questions about a passage."""
        return ["questions"]

    @property
    def outputs(self) -> list[str]:
        """The output column, which contains a single question."""
        return ["question"]

    def process(self, inputs: StepInput) -> Any:
        """Copy each row once per question.

        Rows that were rejected or are being retried are passed on only once.
        """
        yield [{**row, "question": question} for row in inputs for question in self._questions(row)]

    def _questions(self, row: Row) -> list[str | None]:
        if row["rejection"] or row.get("question"):
            return [row.get("question")]
        return [" ".join(question.split()) for question in row["questions"][: self.count]]


class ChooseAnswers(Step):
    """Chooses sentences of a passage as plain answers, and creates a row for each answer."""

    count: int = 1
    seed: int = 0

    @property
    def inputs(self) -> list[str]:
        """The input column, which contains the passage."""
        return ["passage"]

    @property
    def outputs(self) -> list[str]:
        """The plain answer, the text before it, and a rejection if no sentence is suitable."""
        return ["plain_answer", "before", "rejection"]

    def process(self, inputs: StepInput) -> Any:
        """Copy each row once per answer. Rows that are being retried stay unchanged."""
        yield [new for row in inputs for new in self._rows(row)]

    def _rows(self, row: Row) -> list[Row]:
        if row.get("plain_answer"):
            return [row]
        rng = Random(digest(f"{self.seed}:{row['passage']}"))  # noqa: S311 # not a secret
        spans = choose_spans(row["passage"], self.count, rng)
        if not spans:
            rejection = {"reason": _NO_SENTENCE, "detail": "", "text": "", "stage": "choose"}
            return [{**row, "plain_answer": None, "before": "", "rejection": rejection}]
        return [
            {
                **row,
                "plain_answer": span,
                "before": text_before(row["passage"], span),
                "rejection": None,
            }
            for span in spans
        ]


@dataclass(frozen=True)
class ConversationTask:
    """The settings of a tone pipeline, which generates `count` conversations per passage.

    If `prompts` includes a prompt for plain answers, the teacher writes the questions and then
    answers them from the passage. Otherwise, the plain answers are sentences of the passage, and
    the teacher writes a question for each. `examples` are the worked examples.
    """

    tone: Tone
    prompts: TonePrompts
    count: int = 1
    seed: int = 0
    examples: tuple[WorkedExample, ...] = ()

    @classmethod
    def from_plan(cls, tone: Tone, plan: GenerationPlan) -> Self:
        """Create the task for a plan. If the plan has no examples, the task uses the tone's."""
        is_offline = plan.teacher == PHRASEBOOK
        prompts = tone.prompts_for(OFFLINE_PROMPTS if is_offline else MODEL_PROMPTS)
        examples = () if is_offline else plan.examples or voice_examples(tone)
        return cls(tone, prompts, plan.questions_per_passage, plan.seed, examples)

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """The names of the prompt files, in the order in which the pipeline uses them."""
        prompts = self.prompts
        return tuple(filter(None, (prompts.question, prompts.plain, prompts.answer)))


def build_tone_pipeline(task: ConversationTask, llm: LLM) -> Pipeline:
    """Build the distilabel pipeline that generates conversations."""
    with quiet_distilabel(), Pipeline(name="tone") as pipeline:
        ask = _ask_freely(task, llm) if task.prompts.plain else _ask_about_answers(task, llm)
        retell = PromptTask(
            name="retell",
            llm=llm,
            prompt=task.prompts.answer,
            reads=["question", "plain_answer"],
            constants={"tone": plain(task.tone)},
            examples=of_kind(task.examples, CandidateKind.CONVERSATION),
            writes="answer",
        )
        ask >> retell
    return pipeline


def _ask_freely(task: ConversationTask, llm: LLM) -> PromptTask:
    """Add the tasks that write questions and answer them from the passage, and return the last."""
    ask = PromptTask(
        name="ask",
        llm=llm,
        prompt=task.prompts.question,
        reads=["passage"],
        constants={"count": task.count},
        writes="questions",
    )
    split = SplitQuestions(name="each_question", count=task.count)
    answer = PromptTask(
        name="answer_plainly",
        llm=llm,
        prompt=task.prompts.plain,
        reads=["passage", "question"],
        writes="plain_answer",
    )
    ask >> split >> answer
    return answer


def _ask_about_answers(task: ConversationTask, llm: LLM) -> PromptTask:
    """Add the steps that choose plain answers and write questions for them, and return the last."""
    choose = ChooseAnswers(name="choose_answers", count=task.count, seed=task.seed)
    examples = of_kind(task.examples, CandidateKind.CONVERSATION)
    ask = PromptTask(
        name="ask",
        llm=llm,
        prompt=task.prompts.question,
        reads=["before", "plain_answer"],
        examples=[example for example in examples if "before" in example],
        writes="question",
    )
    choose >> ask
    return ask


def generate_conversations(
    passages: Iterable[Passage], tone: Tone, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Yield conversations about passages in the campaign's tone, and a rejection for each failure.

    The user message consists of the passage, an empty line and the question. `reference` is the
    plain answer. Raises `TeacherError` if the plan's teacher is unknown or can't be reached.
    """
    task = ConversationTask.from_plan(tone, plan)
    run = GenerationRun(
        plan=plan,
        checks=CampaignChecks(tone.language, resources=plan.resources),
        build=lambda llm: build_tone_pipeline(task, llm),
        prompts=lambda _: task.prompt_names,
        text_column=lambda _: "answer",
        fields=_fields,
        examples=task.examples,
    )
    rows = ({"passage": p.text, "subject": p.id, "article": p.article} for p in passages)
    return run.candidates(rows, tone.phrasebook)


def _fields(row: Row) -> dict[str, Any]:
    user = f"{row['passage']}\n\n{row['question']}"
    return {
        "kind": CandidateKind.CONVERSATION,
        "messages": (Message(Role.USER, user), Message(Role.ASSISTANT, row["answer"])),
        "question": row["question"],
        "reference": row["plain_answer"],
    }

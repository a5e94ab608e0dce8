"""The tone pipeline, which generates questions and answers from passages.

For each passage, the pipeline generates a question and a plain answer, and then rewrites the answer
in the campaign's tone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Self

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline
from distilabel.steps.base import Step, StepInput

from db.records import (
    TURN_BREAK,
    Candidate,
    CandidateKind,
    Message,
    Passage,
    Rejection,
    Role,
    digest,
    plain,
)
from pipelines.articles.spans import choose_spans, text_before
from pipelines.chats.exchanges import AddContext, JoinTurns, SplitTurns
from pipelines.checks.campaign import CampaignChecks
from pipelines.engine import quiet_distilabel
from pipelines.plan import GenerationPlan, VoiceRules
from pipelines.prompting import choose_prompt
from pipelines.run import GenerationRun
from pipelines.tasks import PromptTask, Row
from pipelines.teachers.registry import PHRASEBOOK
from pipelines.voices.prompts import ADDITIONS, answer_addition, language_addition
from pipelines.voices.tone import MODEL_PROMPTS, OFFLINE_PROMPTS, Tone, TonePrompts
from pipelines.worked_examples import WorkedExample, of_kind, voice_examples

_NO_SENTENCE = "no sentence to ask about"


class SplitQuestions(Step):
    """Splits a row with several questions into one row for each question, up to `count` rows."""

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
        """Copy each row once for every question.

        A row that was rejected or is being retried is passed on only once.
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
    in_order: bool = False

    @property
    def inputs(self) -> list[str]:
        """The input column, which contains the passage."""
        return ["passage"]

    @property
    def outputs(self) -> list[str]:
        """The output columns: a plain answer, the text before it, and a rejection or None."""
        return ["plain_answer", "before", "rejection"]

    def process(self, inputs: StepInput) -> Any:
        """Copy each row once for every chosen answer.

        A row that is being retried stays unchanged.
        """
        yield [new for row in inputs for new in self._rows(row)]

    def _rows(self, row: Row) -> list[Row]:
        if row.get("plain_answer"):
            return [row]
        rng = Random(digest(f"{self.seed}:{row['passage']}"))  # noqa: S311 # not a secret
        spans = choose_spans(row["passage"], self.count, rng)
        if self.in_order:
            spans.sort(key=row["passage"].index)
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
    """The settings of a tone pipeline, which writes `count` questions and answers per passage.

    If `has_turns` is true, the questions and answers about a passage form one conversation.

    If `prompts` includes a prompt for plain answers, the teacher writes the questions and then
    answers them from the passage. Without such a prompt, the plain answers are sentences of the
    passage, and the teacher writes a question for each sentence. `examples` are the worked
    examples, and `rules` contains instructions about the language and the criteria of the tone.
    `folder` contains the campaign's own prompt files.
    """

    tone: Tone
    prompts: TonePrompts
    count: int = 1
    seed: int = 0
    examples: tuple[WorkedExample, ...] = ()
    rules: VoiceRules = field(default_factory=VoiceRules)
    has_turns: bool = False
    folder: Path | None = None

    @classmethod
    def from_plan(cls, tone: Tone, plan: GenerationPlan) -> Self:
        """Create the task for a plan.

        If the plan has no worked examples, the task uses the examples of the tone.
        """
        is_offline = plan.teacher == PHRASEBOOK
        defaults = OFFLINE_PROMPTS if is_offline else MODEL_PROMPTS
        has_turns = plan.turns > 2
        return cls(
            tone,
            tone.prompts_for(defaults),
            count=plan.turns // 2 if has_turns else plan.questions_per_passage,
            seed=plan.seed,
            examples=() if is_offline else plan.examples or voice_examples(tone),
            rules=VoiceRules() if is_offline else plan.resources.rules,
            has_turns=has_turns,
            folder=plan.prompts,
        )

    def file(self, name: str) -> str:
        """Return the campaign's own prompt file with this name, or else the built-in one."""
        return choose_prompt(name, self.folder)

    def for_rewrites(self) -> Self:
        """Create the task that rewrites the answers of existing chats, including long chats."""
        return replace(self, has_turns=True)

    @property
    def answer_prompt(self) -> str:
        """The prompt file for answers in the tone."""
        return self.file(self.prompts.turn if self.has_turns else self.prompts.answer)

    @property
    def answer_addition(self) -> str:
        """Instructions that are added to the end of the system message for answers in the tone."""
        requirements = self.rules.requirements if self.has_turns else self.rules.unstated
        return answer_addition(self.tone, self.rules, requirements)

    @property
    def answer_prompts(self) -> tuple[str, ...]:
        """The prompt file for answers, and the file for additional instructions if any."""
        return (self.answer_prompt, *([ADDITIONS] if self.answer_addition else []))

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """The names of the prompt files, in the order in which the pipeline uses them."""
        names = filter(None, (self.prompts.question, self.prompts.plain))
        return (*map(self.file, names), *self.answer_prompts)


def build_tone_pipeline(task: ConversationTask, llm: LLM) -> Pipeline:
    """Build the distilabel pipeline that generates conversations."""
    with quiet_distilabel(), Pipeline(name="tone") as pipeline:
        # The steps run in the order in which they are created.
        split = SplitTurns(name="split_turns") if task.has_turns else None
        first, last = (_ask_freely if task.prompts.plain else _ask_about_answers)(task, llm)
        if split:
            split >> first
            context = AddContext(name="add_context")
            last >> context >> retelling(task, llm) >> JoinTurns(name="join_turns")
        else:
            last >> retelling(task, llm)
    return pipeline


def retelling(task: ConversationTask, llm: LLM) -> PromptTask:
    """Create the task that rewrites plain answers in the tone."""
    return PromptTask(
        name="retell",
        llm=llm,
        prompt=task.answer_prompt,
        reads=["question", "plain_answer", *(["context"] if task.has_turns else [])],
        constants={"tone": plain(task.tone)},
        addition=task.answer_addition,
        examples=of_kind(task.examples, CandidateKind.CONVERSATION),
        writes="answer",
    )


def _ask_freely(task: ConversationTask, llm: LLM) -> tuple[Step, Step]:
    """Add steps that write questions and then answer them plainly."""
    ask = PromptTask(
        name="ask",
        llm=llm,
        prompt=task.file(task.prompts.question),
        reads=["passage"],
        constants={"count": task.count},
        addition=language_addition(task.rules),
        writes="questions",
    )
    split = SplitQuestions(name="each_question", count=task.count)
    answer = PromptTask(
        name="answer_plainly",
        llm=llm,
        prompt=task.file(task.prompts.plain),
        reads=["passage", "question"],
        addition=language_addition(task.rules),
        writes="plain_answer",
    )
    ask >> split >> answer
    return ask, answer


def _ask_about_answers(task: ConversationTask, llm: LLM) -> tuple[Step, Step]:
    """Add steps that choose plain answers and then write a question for each of them."""
    choose = ChooseAnswers(
        name="choose_answers", count=task.count, seed=task.seed, in_order=task.has_turns
    )
    examples = of_kind(task.examples, CandidateKind.CONVERSATION)
    ask = PromptTask(
        name="ask",
        llm=llm,
        prompt=task.file(task.prompts.question),
        reads=["before", "plain_answer"],
        addition=language_addition(task.rules),
        examples=[example for example in examples if "before" in example],
        writes="question",
    )
    choose >> ask
    return choose, ask


def generate_conversations(
    passages: Iterable[Passage], tone: Tone, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Yield conversations about passages in the campaign's tone, and a rejection for each failure.

    The user message consists of the passage, an empty line and the question. Each candidate's
    `reference` is the plain answer. Raises `TeacherError` if the plan's teacher is unknown or can't
    be reached.
    """
    task = ConversationTask.from_plan(tone, plan)
    run = GenerationRun(
        plan=plan,
        checks=CampaignChecks(tone.language, resources=plan.resources),
        build=lambda llm: build_tone_pipeline(task, llm),
        prompts=lambda _: task.prompt_names,
        text_column=lambda _: "answer",
        fields=_dialogue_fields if task.has_turns else _fields,
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


def _dialogue_fields(row: Row) -> dict[str, Any]:
    """Return the fields of a dialogue, or of a conversation if there is only one question."""
    exchanges = row["exchanges"]
    first = exchanges[0]
    if len(exchanges) == 1:
        return _fields({**row, **first})
    questions = [each["question"] for each in exchanges]
    asked = [f"{row['passage']}\n\n{questions[0]}", *questions[1:]]
    turns = [
        Message(role, text)
        for question, each in zip(asked, exchanges, strict=True)
        for role, text in ((Role.USER, question), (Role.ASSISTANT, each["answer"]))
    ]
    return {
        "kind": CandidateKind.DIALOGUE,
        "messages": tuple(turns),
        "question": first["question"],
        "reference": TURN_BREAK.join(each["plain_answer"] for each in exchanges),
    }

"""The persona pipeline, which writes statements, dialogues and documents about topics.

Each text must show two of the persona's traits.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Self

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import Candidate, CandidateKind, Message, Passage, Rejection, Role
from pipelines.checks.campaign import CampaignChecks
from pipelines.engine import quiet_distilabel
from pipelines.plan import GenerationPlan, VoiceRules
from pipelines.prompting import choose_prompt
from pipelines.run import GenerationRun
from pipelines.tasks import PromptTask, Row
from pipelines.teachers.registry import PHRASEBOOK
from pipelines.voices.persona import MODEL_PROMPTS, OFFLINE_PROMPTS, Persona
from pipelines.voices.prompts import ADDITIONS, answer_addition
from pipelines.worked_examples import WorkedExample, of_kind, voice_examples

_COLUMNS = {
    CandidateKind.STATEMENT: "statement",
    CandidateKind.DIALOGUE: "messages",
    CandidateKind.DOCUMENT: "document",
}


@dataclass(frozen=True)
class PersonaTask:
    """The settings of a persona pipeline: the persona, prompt files and worked examples."""

    persona: Persona
    prompts: Mapping[CandidateKind, str]
    examples: tuple[WorkedExample, ...] = ()
    addition: str = ""

    @classmethod
    def from_plan(cls, persona: Persona, plan: GenerationPlan) -> Self:
        """Create the task for a plan, with the persona's worked examples if the plan has none."""
        is_offline = plan.teacher == PHRASEBOOK
        prompts = persona.prompts_for(OFFLINE_PROMPTS if is_offline else MODEL_PROMPTS)
        examples = () if is_offline else plan.examples or voice_examples(persona)
        by_kind = {
            CandidateKind(kind): choose_prompt(name, plan.prompts)
            for kind, name in vars(prompts).items()
        }
        rules = VoiceRules() if is_offline else plan.resources.rules
        return cls(persona, by_kind, examples, answer_addition(persona, rules, rules.unstated))

    def prompt_names(self, kind: CandidateKind) -> tuple[str, ...]:
        """The prompt file for a kind of text, and the file for additional instructions if any."""
        return (self.prompts[kind], *([ADDITIONS] if self.addition else []))


def build_persona_pipeline(task: PersonaTask, llm: LLM) -> Pipeline:
    """Build the distilabel pipeline that writes texts in the persona's voice, one text per row."""
    with quiet_distilabel(), Pipeline(name="persona") as pipeline:
        tasks = [
            PromptTask(
                name=f"write_{kind.value}",
                llm=llm,
                kind=kind.value,
                prompt=task.prompts[kind],
                reads=["passage", "traits"],
                constants={"persona": asdict(task.persona)},
                addition=task.addition,
                examples=of_kind(task.examples, kind),
                writes=column,
            )
            for kind, column in _COLUMNS.items()
        ]
        for before, after in pairwise(tasks):
            before >> after
    return pipeline


def generate_persona_texts(
    topics: Iterable[Passage], persona: Persona, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """For each topic, yield one text of each planned kind, or a rejection for an invalid text.

    Each text must show two traits, and every trait is requested equally often. Raises
    `TeacherError` if the plan's teacher is unknown or can't be reached.
    """
    task = PersonaTask.from_plan(persona, plan)

    def fields(row: Row) -> dict[str, Any]:
        kind, text = CandidateKind(row["kind"]), row[_text_column(row)]
        is_dialogue = kind is CandidateKind.DIALOGUE
        messages = [Message(Role(m["role"]), m["content"]) for m in text] if is_dialogue else []
        return {
            "kind": kind,
            "messages": tuple(messages),
            "text": "" if is_dialogue else text,
            "persona": persona.label,
            "traits": tuple(trait["name"] for trait in row["traits"]),
        }

    run = GenerationRun(
        plan=plan,
        checks=CampaignChecks(persona.language, persona, plan.resources),
        build=lambda llm: build_persona_pipeline(task, llm),
        prompts=lambda row: task.prompt_names(CandidateKind(row["kind"])),
        text_column=_text_column,
        fields=fields,
        examples=task.examples,
    )
    return run.candidates(persona_rows(topics, persona, plan), persona)


def _text_column(row: Row) -> str:
    return _COLUMNS[CandidateKind(row["kind"])]


def persona_rows(
    topics: Iterable[Passage], persona: Persona, plan: GenerationPlan
) -> Iterator[Row]:
    """Yield a row for each topic and kind of text, each with the next pair of traits."""
    traits = [asdict(trait) for trait in persona.traits]
    texts = ((topic, kind) for topic in topics for kind in plan.kinds)
    for turn, (topic, kind) in enumerate(texts, plan.seed):
        yield {
            "passage": topic.text,
            "subject": topic.id,
            "article": topic.article,
            "kind": kind.value,
            "traits": [_describe(traits[n], turn + 1) for n in _pair(turn, len(traits))],
        }


def _pair(turn: int, count: int) -> tuple[int, int]:
    """Choose two different numbers below `count`, which depend on `turn`.

    Over `count` consecutive values of `turn`, each number is chosen twice.
    """
    step = 1 + turn // count % (count - 1)
    return turn % count, (turn + step) % count


def _describe(trait: dict[str, Any], turn: int) -> dict[str, Any]:
    """Return the fields that describe a trait in a prompt, with one of the trait's questions."""
    asks = [trait["asks"][turn % len(trait["asks"])]] if trait["asks"] else []
    markers = trait["markers"]
    wording = markers[turn % len(markers)] if markers else ""
    shown = {key: trait[key] for key in ("name", "description", "shows", "never")}
    return {**shown, "asks": asks, "wording": wording}

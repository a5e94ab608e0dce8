"""The persona pipeline: topic → a statement, dialogue or document that shows given traits."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import Candidate, CandidateKind, Message, Passage, Rejection, Role
from pipelines.checks.campaign import CampaignChecks
from pipelines.engine import quiet_distilabel
from pipelines.plan import GenerationPlan
from pipelines.run import GenerationRun
from pipelines.tasks import PromptTask, Row
from pipelines.voices.persona import Persona

_COLUMNS = {
    CandidateKind.STATEMENT: "statement",
    CandidateKind.DIALOGUE: "messages",
    CandidateKind.DOCUMENT: "document",
}


def build_persona_pipeline(persona: Persona, llm: LLM) -> Pipeline:
    """Build the distilabel pipeline that writes one kind of text per row as the persona."""
    prompts = asdict(persona.prompts)
    with quiet_distilabel(), Pipeline(name="persona") as pipeline:
        tasks = [
            PromptTask(
                name=f"write_{kind.value}",
                llm=llm,
                kind=kind.value,
                prompt=prompts[kind.value],
                reads=["passage", "traits"],
                constants={"persona": asdict(persona)},
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
    """Yield a text of each planned kind about each topic, or a rejection if there is no valid text.

    Each text must show two traits, and all traits are requested equally often. Raises
    `TeacherError` if the plan's teacher is unknown or can't be reached.
    """
    prompts = asdict(persona.prompts)

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
        build=lambda llm: build_persona_pipeline(persona, llm),
        prompts=lambda row: (prompts[row["kind"]],),
        text_column=_text_column,
        fields=fields,
    )
    return run.candidates(_rows(topics, persona, plan), persona)


def _text_column(row: Row) -> str:
    return _COLUMNS[CandidateKind(row["kind"])]


def _rows(topics: Iterable[Passage], persona: Persona, plan: GenerationPlan) -> Iterator[Row]:
    """Yield a row for each topic and kind, with the next pair of traits."""
    traits = [asdict(trait) for trait in persona.traits]
    texts = ((topic, kind) for topic in topics for kind in plan.kinds)
    for turn, (topic, kind) in enumerate(texts, plan.seed):
        yield {
            "passage": topic.text,
            "subject": topic.id,
            "kind": kind.value,
            "traits": [_describe(traits[n], turn + 1) for n in _pair(turn, len(traits))],
        }


def _pair(turn: int, count: int) -> tuple[int, int]:
    """Return two different numbers below `count`. Over `count` turns, each number appears twice."""
    step = 1 + turn // count % (count - 1)
    return turn % count, (turn + step) % count


def _describe(trait: dict[str, Any], turn: int) -> dict[str, Any]:
    """Return the fields of a trait for a prompt, including the next of the trait's questions."""
    asks = [trait["asks"][turn % len(trait["asks"])]] if trait["asks"] else []
    return {**{key: trait[key] for key in ("name", "description", "shows", "never")}, "asks": asks}

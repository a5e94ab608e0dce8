"""The persona pipeline: a topic → a statement, a dialogue or a document that shows named traits."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import Candidate, CandidateKind, Message, Passage, Rejection, Role
from pipelines.checks.candidates import CampaignChecks, CheckedFor
from pipelines.engine import quiet
from pipelines.persona_file import Persona
from pipelines.plan import GenerationPlan
from pipelines.run import Generation, candidates, provenance
from pipelines.tasks import PromptTask, Row
from pipelines.teachers.registry import parameters, teacher

TRAITS_EACH = 2
_WRITES = {
    CandidateKind.STATEMENT: "statement",
    CandidateKind.DIALOGUE: "messages",
    CandidateKind.DOCUMENT: "document",
}


class PersonaTask(PromptTask):
    """Writes one kind of text; a row of another kind is passed on as it came."""

    kind: str

    def concerns(self, row: Row) -> bool:
        """Whether the row asks for this task's kind of text."""
        return bool(row["kind"] == self.kind) and super().concerns(row)


def persona_pipeline(persona: Persona, llm: LLM) -> Pipeline:
    """The distilabel pipeline that writes each row's kind of text in the persona."""
    prompts = asdict(persona.prompts)
    with quiet(), Pipeline(name="persona") as pipeline:
        tasks = [
            PersonaTask(
                name=f"write_{kind.value}",
                llm=llm,
                kind=kind.value,
                prompt=prompts[kind.value],
                reads=["passage", "traits"],
                constants={"persona": asdict(persona)},
                writes=writes,
            )
            for kind, writes in _WRITES.items()
        ]
        for before, after in pairwise(tasks):
            before >> after
    return pipeline


def persona_candidates(
    topics: Iterable[Passage], persona: Persona, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """A text of each planned kind for each topic, or why there is none.

    Each text is asked to show two traits; taken together every trait is asked for equally often.

    Raises `TeacherError` if the plan names no known teacher, or it cannot be asked.
    """
    about = (plan.teacher, parameters(plan, persona), plan.seed)
    prompts = asdict(persona.prompts)

    def made(row: Row) -> Candidate:
        kind = CandidateKind(row["kind"])
        written = row[_written(row)]
        talk = kind is CandidateKind.DIALOGUE
        return Candidate(
            campaign=plan.campaign,
            kind=kind,
            provenance=provenance((prompts[kind.value],), row, about),
            messages=tuple(Message(Role(m["role"]), m["content"]) for m in written) if talk else (),
            text="" if talk else written,
            passage=row["subject"],
            persona=persona.called,
            traits=tuple(trait["name"] for trait in row["traits"]),
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
        )

    def build(llm: LLM) -> Pipeline:
        return persona_pipeline(persona, llm)

    writer = teacher(plan, persona)
    checks = CampaignChecks(CheckedFor(persona.language, persona), plan.lent)
    rows = _rows(topics, persona, plan)
    return candidates(rows, Generation(plan, writer, about, build, made, _written, checks))


def _written(row: Row) -> str:
    return _WRITES[CandidateKind(row["kind"])]


def _rows(topics: Iterable[Passage], persona: Persona, plan: GenerationPlan) -> Iterator[Row]:
    """A row for each topic and kind, with the next two traits in a round over all pairs."""
    traits = [asdict(trait) for trait in persona.traits]
    turn = plan.seed
    for topic in topics:
        for kind in plan.kinds:
            first, second = _pair(turn, len(traits))
            turn += 1
            yield {
                "passage": topic.text,
                "subject": topic.id,
                "kind": kind.value,
                "traits": [_shown(traits[first], turn), _shown(traits[second], turn)],
            }


def _pair(turn: int, count: int) -> tuple[int, int]:
    """Two different numbers below `count`: over `count` turns in a row each comes up twice."""
    step = 1 + turn // count % (count - 1)
    return turn % count, (turn + step) % count


def _shown(trait: dict[str, Any], turn: int) -> dict[str, Any]:
    """What a prompt says of a trait, with the next of the things to ask."""
    asks = [trait["asks"][turn % len(trait["asks"])]] if trait["asks"] else []
    return {**{key: trait[key] for key in ("name", "description", "shows", "never")}, "asks": asks}

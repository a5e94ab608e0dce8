"""Preview a tone or persona by writing sample texts offline and by rendering its prompts."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from distilabel.pipeline.local import Pipeline
from jinja2 import UndefinedError

from db.records import Candidate, Passage, Rejection
from pipelines.chats.chat_import import ChatImport
from pipelines.chats.rewrites import build_rewrite_pipeline, read_originals
from pipelines.conversations import (
    ConversationTask,
    build_tone_pipeline,
    generate_conversations,
)
from pipelines.errors import TeacherError
from pipelines.personas import (
    PersonaTask,
    build_persona_pipeline,
    generate_persona_texts,
    persona_rows,
)
from pipelines.plan import GenerationPlan
from pipelines.prompting import ChatMessages, prompt_label
from pipelines.tasks import PromptTask, Row
from pipelines.teachers.dry_run import DryRunLLM
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone

_TEXTS = (
    "A lighthouse is a tower with a strong lamp that guides ships along a coast. The lamp stands "
    "behind a lens, which gathers its light into a beam. Keepers lived beside the tower until the "
    "twentieth century, when electric lamps began to replace oil, and most of them had left by "
    "1990. Every lighthouse has a rhythm of its own, so that a captain can tell one from another.",
    "The common loom is a machine for weaving cloth. It holds one set of threads under tension, "
    "and the weaver passes another thread between them with a shuttle. Looms are found in most "
    "parts of the world, although they differ in size and form. In 1785, Edmund Cartwright "
    "received a patent for a loom that was driven by power.",
)
_PASSAGES = [
    Passage(article="preview", section="", position=n, text=text) for n, text in enumerate(_TEXTS)
]


def preview_tone(tone: Tone) -> list[Candidate | Rejection]:
    """Return a conversation about each sample passage, or a rejection if it's invalid."""
    return list(generate_conversations(_PASSAGES, tone, GenerationPlan("preview")))


def preview_persona(persona: Persona) -> list[Candidate | Rejection]:
    """Return a statement, a dialogue and a document about the first sample passage.

    An invalid text is replaced by a rejection.
    """
    return list(generate_persona_texts(_PASSAGES[:1], persona, GenerationPlan("preview")))


_WRITTEN: dict[str, Any] = {
    "questions": ["(the teacher's question)"],
    "question": "(the teacher's question)",
    "plain_answer": "(the teacher's plain answer)",
}
"""A placeholder for the teacher's replies in prompts that contain replies."""


def render_tone_prompts(
    tone: Tone, plan: GenerationPlan, passages: Iterable[Passage], chats: Iterable[ChatImport]
) -> Iterator[tuple[str, ChatMessages]]:
    """Render each prompt of a tone for the first passage and for the first chat.

    Raises `SourceError` if a file of chats can't be used.
    """
    task, teacher = ConversationTask.from_plan(tone, plan), DryRunLLM()
    for passage in islice(passages, 1):
        row = {"passage": passage.text, "subject": passage.id, "article": passage.article}
        yield from _render(build_tone_pipeline(task, teacher), row)
    originals = (original for chat in chats for original in read_originals(chat)[0])
    for original in islice(originals, 1):
        yield from _render(build_rewrite_pipeline(task.for_rewrites(), teacher), original.row)


def render_persona_prompts(
    persona: Persona, plan: GenerationPlan, passages: Iterable[Passage]
) -> Iterator[tuple[str, ChatMessages]]:
    """Render the prompt for each kind of persona text for the first passage."""
    task = PersonaTask.from_plan(persona, plan)
    for row in persona_rows(islice(passages, 1), persona, plan):
        yield from _render(build_persona_pipeline(task, DryRunLLM()), row)


def _render(pipeline: Pipeline, row: Row) -> Iterator[tuple[str, ChatMessages]]:
    rows = [{**row, "rejection": None}]
    for name in pipeline.dag:
        step = pipeline.dag.get_step(name)["step"]
        if not isinstance(step, PromptTask):
            rows = [new for batch in step.process(rows) for new in batch]
        elif step.kind == row.get("kind"):
            try:
                chat = step.format_input(rows[-1])
            except UndefinedError as error:
                problem = f"{prompt_label(step.prompt)} can't be rendered: {error}."
                raise TeacherError(problem) from error
            yield prompt_label(step.prompt), chat
            written = _WRITTEN.get(step.writes)
            rows = [{**each, step.writes: each.get(step.writes) or written} for each in rows]

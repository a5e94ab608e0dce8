"""The prompts that a campaign sends to its teacher, rendered on its own material."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from db.records import Passage
from db.store import Store
from pipelines.chats.chat_import import ChatImport
from pipelines.chats.rewrites import build_rewrite_pipeline, read_originals
from pipelines.conversations import ConversationTask, build_tone_pipeline
from pipelines.personas import PersonaTask, build_persona_pipeline, persona_rows
from pipelines.plan import GenerationPlan
from pipelines.prompting import ChatMessages, prompt_label
from pipelines.tasks import PromptTask, Row
from pipelines.teachers.dry_run import DryRunLLM
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError
from timbre.workflows.generate.examples import approved_examples
from timbre.workflows.generate.plan import GenerateOptions, generation_plan, voice_rules

_WRITTEN: dict[str, Any] = {
    "questions": ["(the teacher's question)"],
    "question": "(the teacher's question)",
    "plain_answer": "(the teacher's plain answer)",
}
"""What stands for the teacher's replies in the prompts that contain them."""


def show_prompt(
    store: Store, settings: Settings, campaign: Campaign, passages: Iterable[Passage], name: str
) -> ChatMessages:
    """Render a prompt of a campaign by its name, with or without the version.

    Raises `SettingsError` if the campaign has no such prompt or no material to render it on.
    """
    prompts = render_prompts(store, settings, campaign, passages)
    chosen = [chat for label, chat in prompts if name in (label, *label.split("@")[:1])]
    chosen += [chat for label, chat in prompts if label.split(".")[0] == name]
    if not chosen:
        names = ", ".join(label for label, _ in prompts)
        raise SettingsError(
            f"“{campaign.name}” uses no prompt “{name}”. It uses {names}."
            if names
            else f"“{campaign.name}” has no material yet. Add some, then its prompts can be shown."
        )
    return chosen[0]


def render_prompts(
    store: Store, settings: Settings, campaign: Campaign, passages: Iterable[Passage]
) -> list[tuple[str, ChatMessages]]:
    """Render each prompt of a campaign on its first passage or chat, without any request."""
    plan = generation_plan(campaign, settings, GenerateOptions())
    plan = plan.with_rules(voice_rules(campaign), approved_examples(store, campaign))
    return [
        prompt
        for pipeline, row in _runs(campaign, plan, [*islice(passages, 1)])
        for prompt in _render(pipeline, row)
    ]


def _runs(
    campaign: Campaign, plan: GenerationPlan, passages: list[Passage]
) -> Iterator[tuple[Any, Row]]:
    """Yield each pipeline of a campaign with the rows that it starts with."""
    teacher, voice = DryRunLLM(), campaign.voice
    if isinstance(voice, Persona):
        persona_task = PersonaTask.from_plan(voice, plan)
        for row in persona_rows(passages, voice, plan):
            yield build_persona_pipeline(persona_task, teacher), row
        return
    task = ConversationTask.from_plan(voice, plan)
    for passage in passages:
        row = {"passage": passage.text, "subject": passage.id, "article": passage.article}
        yield build_tone_pipeline(task, teacher), row
    for original in islice(_first_chats(campaign, voice), 1):
        yield build_rewrite_pipeline(task.for_rewrites(), teacher), original


def _first_chats(campaign: Campaign, tone: Tone) -> Iterator[Row]:
    for path in campaign.chats:
        source = ChatImport(Path(path), campaign.name, campaign.licence, tone.language)
        originals, _ = read_originals(source)
        yield from (original.row for original in originals)


def _render(pipeline: Any, row: Row) -> Iterator[tuple[str, ChatMessages]]:
    rows = [{**row, "rejection": None}]
    for name in pipeline.dag:
        step = pipeline.dag.get_step(name)["step"]
        if not isinstance(step, PromptTask):
            rows = [new for batch in step.process(rows) for new in batch]
        elif step.kind == row.get("kind"):
            yield prompt_label(step.prompt), step.format_input(rows[-1])
            written = _WRITTEN.get(step.writes)
            rows = [{**each, step.writes: each.get(step.writes) or written} for each in rows]

"""Send arbitrary prompts, such as those of an LLM judge, to a teacher and store the replies."""

from collections.abc import Sequence
from typing import Any

from pipelines.engine import FIRST_BATCH, quiet_distilabel
from pipelines.errors import TeacherError
from pipelines.journal import Journal
from pipelines.plan import GenerationPlan
from pipelines.prompting import ChatMessages
from pipelines.teachers.cached import CachedLLM
from pipelines.teachers.completion import Completion, Prompt
from pipelines.teachers.registry import PHRASEBOOK, build_teacher, identify_teacher
from pipelines.voices.tone import TonePhrases


def complete_chats(
    requests: Sequence[tuple[ChatMessages, dict[str, Any]]], plan: GenerationPlan
) -> list[str | None]:
    """Send chats, each with the JSON schema of its reply, to a teacher and return the replies.

    The reply is None if the teacher returned no text.

    Raises `TeacherError` if the plan's teacher can't answer arbitrary prompts or can't be reached,
    or if the first three prompts fail for the same reason.
    """
    if plan.teacher == PHRASEBOOK:
        raise TeacherError(
            "The teacher “phrasebook” is rule-based and can't answer arbitrary prompts. Use a "
            "model, such as “openai:MODEL@URL” or “transformers:PATH”."
        )
    key = identify_teacher(plan, TonePhrases())
    with Journal(plan.journal) as journal:
        teacher = CachedLLM.wrap(build_teacher(plan, TonePhrases()), key, journal, plan.meter)
        with quiet_distilabel():
            teacher.load()
        try:
            prompts = [Prompt(*request) for request in requests]
            completions = teacher.ask(prompts[:FIRST_BATCH])
            _check_first(plan.teacher, completions)
            completions += teacher.ask(prompts[FIRST_BATCH:])
        finally:
            teacher.unload()
    return [completion.text for completion in completions]


def _check_first(teacher: str, completions: Sequence[Completion]) -> None:
    """Raise `TeacherError` if the first prompts all failed for the same reason."""
    reasons = {completion.reason for completion in completions}
    if len(completions) < FIRST_BATCH or len(reasons) > 1 or completions[0].text is not None:
        return
    detail = f" (“{completions[0].raw}”)" if completions[0].raw else ""
    raise TeacherError(
        f"The first {FIRST_BATCH} prompts to {teacher} failed for the same reason: "
        f"{completions[0].reason}{detail}. Fix that and run again."
    )

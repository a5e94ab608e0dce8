"""Send arbitrary prompts, such as those of an LLM judge, to a teacher and store the replies."""

from collections.abc import Sequence
from typing import Any

from pipelines.engine import quiet_distilabel
from pipelines.errors import TeacherError
from pipelines.journal import Journal
from pipelines.plan import GenerationPlan
from pipelines.prompting import ChatMessages
from pipelines.teachers.cached import CachedLLM
from pipelines.teachers.completion import Prompt
from pipelines.teachers.registry import PHRASEBOOK, build_teacher, identify_teacher
from pipelines.voices.tone import TonePhrases


def complete_chats(
    requests: Sequence[tuple[ChatMessages, dict[str, Any]]], plan: GenerationPlan
) -> list[str | None]:
    """Send chats, each with the JSON schema of its reply, to a teacher and return the replies.

    If the teacher returns no text, the reply is None.

    Raises `TeacherError` if the teacher is the phrasebook, which can't answer arbitrary prompts, or
    if it can't be reached.
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
            completions = teacher.ask([Prompt(*request) for request in requests])
        finally:
            teacher.unload()
    return [completion.text for completion in completions]

"""A teacher asked what others want to know, such as a judge: each reply kept, none paid twice."""

from collections.abc import Sequence
from typing import Any

from pipelines.engine import quiet
from pipelines.errors import TeacherError
from pipelines.journal import Journal
from pipelines.plan import GenerationPlan
from pipelines.prompting import Chat
from pipelines.teachers.named import PHRASEBOOK, parameters, teacher
from pipelines.teachers.recorded import Recorded
from pipelines.tone_file import TonePhrases


def replies(asked: Sequence[tuple[Chat, dict[str, Any]]], plan: GenerationPlan) -> list[str | None]:
    """What the plan's teacher replies to chats, each with the JSON schema of its reply.

    None stands where no reply came. Raises `TeacherError` if the plan names no teacher that can be
    asked, or it cannot be reached; what came before is in the plan's journal.
    """
    if plan.teacher == PHRASEBOOK:
        raise TeacherError(
            "found the teacher “phrasebook”, which works by rules and answers nothing; expected "
            "a model, such as “openai:MODEL@URL” or “transformers:PATH”"
        )
    about = plan.teacher, parameters(plan, TonePhrases()), plan.seed
    with Journal(plan.journal) as journal:
        recorded = Recorded.over(teacher(plan, TonePhrases()), about, journal, plan.meter)
        with quiet():
            recorded.load()
        try:
            outputs = recorded.generate(list(asked))
        finally:
            recorded.unload()
    return [output["generations"][0] for output in outputs]
